"""Which scenario shows each wrong agent up, told at the end of the run."""


def pytest_terminal_summary(terminalreporter):
    shown = [
        (agent, scenario)
        for report in terminalreporter.getreports("passed")
        for agent, scenario in report.user_properties
        if "test_wrong_agents" in report.nodeid
    ]
    if shown:
        terminalreporter.section(f"{len(shown)} wrong agents, each with a scenario that it fails")
    for agent, scenario in shown:
        terminalreporter.line(f"an agent that {agent}: {scenario}")
