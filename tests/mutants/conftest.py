"""What shows each wrong agent up, told at the end of the run."""

HEADINGS = {
    "test_wrong_agents": "{} wrong agents, each with a scenario that it fails",
    "hunt": "{} wrong agents, each caught by chaos",
    "every_wrong_agent": "{} wrong agents, each caught by chaos",
}


def pytest_terminal_summary(terminalreporter):
    for module, heading in HEADINGS.items():
        shown = [
            (agent, by)
            for report in terminalreporter.getreports("passed")
            for agent, by in report.user_properties
            if report.nodeid.partition("::")[0].removesuffix(".py").endswith(module)
        ]
        if shown:
            terminalreporter.section(heading.format(len(shown)))
        for agent, by in shown:
            terminalreporter.line(f"an agent that {agent}: {by}")
