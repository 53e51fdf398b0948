"""Texts that are no scenario, and what is said of each: held over the loader and over the published schema."""

BASE = """\
name: A scenario
says: [hello]
turns:
  - user: ping
"""

UNUSABLE = [
    ("", "s.yaml:1:1: no scenario in this file: it is empty"),
    ("just words", "s.yaml:1:1: expected a scenario: a mapping with `name` and `turns`, found 'just words'"),
    ("name: n", "s.yaml:1:1: the key 'turns' is missing"),
    ("name: n\nturns: []", "s.yaml:2:8: expected at least one turn, found an empty list"),
    ("name: n\nturns: [{usr: hi}]", "s.yaml:2:10: unknown key 'usr'; did you mean 'user'?\nallowed: expect,"),
    (BASE + "fualts: {}\n", "s.yaml:5:1: unknown key 'fualts'; did you mean 'faults'?\nallowed: clauses, config,"),
    (BASE + "faults: {primry: []}\n", "s.yaml:5:10: unknown key 'primry'; did you mean 'primary'?"),
    (
        BASE + "faults: {primary: [ratelimit]}\n",
        "s.yaml:5:20: unknown fault 'ratelimit'; did you mean 'rate_limit'?",
    ),
    (
        BASE + "faults: {primary: [{rate_limit: {retry_after: 1}}]}\n",
        "unknown key 'retry_after'; did you mean 'retry_after_",
    ),
    (
        BASE + "faults: {primary: [{rate_limit: {retry_after_s: 1s}}]}\n",
        "s.yaml:5:49: retry_after_s: a number of seconds",
    ),
    (BASE + "faults: {primary: [{rate_limit: {retry_after_s: -1}}]}\n", "s.yaml:5:49: retry_after_s: "),
    (BASE + "faults: {primary: [{status: {code: 99}}]}\n", "s.yaml:5:36: code: a status from 200 to 599, not 99"),
    (BASE + 'faults: {primary: [{status: {headers: {x: "a\\nb"}}}]}\n', "headers: a mapping of header names"),
    (BASE + "faults: {primary: [{status: {headers: {x: }}}]}\n", "headers: a mapping of header names"),
    (BASE + "faults: {primary: [{status: {headers: {'a b': x}}}]}\n", "headers: a mapping of header names"),
    (BASE + "faults: {primary: [{reset: {after: 1}}]}\n", "unknown key 'after'; there is none to give"),
    (BASE + "faults: {primary: [{times: 3}]}\n", "`times` of what?"),
    (
        BASE + "faults: {primary: [{wire: groq.429.tokens_per_minut}]}\n",
        "s.yaml:5:27: unknown entry 'groq.429.tokens_per_minut'; did you mean 'groq.429.tokens_per_minute'?",
    ),
    (
        BASE + "faults: {primary: [{wire: {id: grok.413.request_too_large_tpm}}]}\n",
        "did you mean 'groq.413.request_too_large_tpm'?\nallowed: anthropic.…, azure.…",
    ),
    (BASE + "faults: {primary: [wire]}\n", "s.yaml:5:20: `wire` of what? it takes its id: {wire: …}"),
    (BASE + "faults: {primary: [{wire: 5}]}\n", "s.yaml:5:27: id: a text, not 5"),
    (BASE + "faults: {primary: [{wire: {strict: true}}]}\n", "s.yaml:5:27: id: an entry of the catalogue, such as"),
    (
        BASE + "faults: {primary: [{wire: {id: fireworks.402.payment_required, strict: true}}]}\n",
        "s.yaml:5:72: strict: no source shows the body of fireworks.402.payment_required: body is inferred",
    ),
    (
        BASE + "faults: {primary: [{payment_required: {strict: true}}]}\n",
        "the primary: it is `strict`, and no source shows what openai sends for it",
    ),
    (
        BASE + "faults: {primary: [{rate_limit: {variant: tokens}}]}\n",
        "s.yaml:5:20: `rate_limit` has no meaning for the primary: openai sends no variant 'tokens' of it",
    ),
    (
        BASE + "faults: {primary: [{wire: openai.responses.200.incomplete}]}\n",
        "openai.responses.200.incomplete is an answer of responses, and this provider is asked by chat",
    ),
    (BASE + "faults: {primary: [{reset: {}, times: 0}]}\n", "number from 1 to 100000, or `forever`, found 0"),
    (BASE + "faults: {primary: [{reset: {}, times: always}]}\n", "found 'always'"),
    (BASE + "limits: {primary: {tokens: 3}}\n", "unknown key 'tokens'"),
    (BASE + "limits: {primary: {body_bytes: 0}}\n", "s.yaml:5:32: body_bytes: a whole number from 1, not 0"),
    (BASE + "refresh: maybe\n", "s.yaml:5:10: unknown refresh 'maybe'\nallowed: hangs, ok, refused"),
    (
        BASE + "clauses: [C4, X1]\n",
        "s.yaml:5:15: expected a clause of the contract, C1 to C20 or I1 to I11, found 'X1'",
    ),
    (BASE + "clauses: [C21]\n", "found 'C21'"),
    (BASE + "entry: web\n", "unknown entrance 'web'"),
    (BASE + "entry: [agent, agnet]\n", "s.yaml:5:16: unknown entrance 'agnet'; did you mean 'agent'?"),
    (BASE + "target: hremes\n", "unknown target 'hremes'; did you mean 'hermes'?"),
    (BASE + "target: {command: x}\n", "expected a list: a program and its arguments, found 'x'"),
    (BASE + "target: {command: []}\n", "s.yaml:5:19: expected a program and its arguments, found an empty list"),
    (BASE + "target: {command: [x, 3]}\n", "expected a text"),
    (BASE + "target: {command: [x], timeout_s: 0}\n", "expected a number of seconds above 0, found 0"),
    (BASE + "target: {command: [x], shell: true}\n", "unknown key 'shell'\nallowed: allow, command, timeout_s"),
    (BASE + 'target: {command: [x, "a\\0"]}\n', "the system takes no argument with a zero byte"),
    (BASE + "target: {command: [x]}\ntools: {ls: x}\n", "`tools` means nothing to target command: leave it out"),
    (
        BASE + "target: {command: [x]}\nfaults: {primary: [dns_failure]}\n",
        "s.yaml:6:20: `dns_failure` cannot be played to target command, over a socket: a name is resolved before",
    ),
    (
        BASE + "target: {command: [x]}\nfaults: {fallback: [ok, tls_failure]}\n",
        "s.yaml:6:25: `tls_failure` cannot be played to target command, over a socket: there is no TLS where",
    ),
    (
        BASE.replace("ping", "ping\n    expect: {waits_s: [2]}") + "target: {command: [x]}\n",
        "target command waits in real time, to no exact millisecond: expect `waited_s` of it",
    ),
    (
        BASE.replace("ping", "ping\n    expect: {final_model: gpt-5.1}") + "target: {command: [x]}\n",
        "target command does not tell its final_model; only `hermes` does",
    ),
    (BASE + "target: {callable: nowhere}\n", "expected a function, as `package.module:function`"),
    (BASE + "target: {callable: 'a:b', allow: ['*']}\n", "expected a host, as `localhost:8000` or `example.com`"),
    (BASE + "target: {command: [x], allow: [a b]}\n", "expected a host, as `localhost:8000` or `example.com`"),
    (BASE + "target: {callable: 'a:b', alow: [x]}\n", "unknown key 'alow'; did you mean 'allow'?"),
    (BASE + "target: {sdk: {}, callable: 'a:b'}\n", "expected one target"),
    (BASE + "target: {}\n", "expected one target"),
    (BASE + "seed: -1\n", "expected a whole number from 0"),
    (BASE + "config: [1]\n", "expected a mapping: what stands in config.yaml"),
    (
        BASE + "config: {model: {provider: openai, default: [x]}}\n",
        "s.yaml:5:45: config: model.default: found a list",
    ),
    (
        BASE + "config: {agent: {api_max_retries: 0}}\n",
        "s.yaml:5:35: config: agent.api_max_retries: found 0; allowed",
    ),
    (BASE + "env: {A: 3}\n", "s.yaml:5:10: expected a text"),
    (BASE + "env: {A=B: x}\n", "s.yaml:5:7: the system takes no variable 'A=B'"),
    (BASE + 'env: {A: "\\0"}\n', "s.yaml:5:7: the system takes no variable 'A'"),
    (BASE + "    expect: {}\n", "s.yaml:5:13: an `expect` without a key expects nothing"),
    (BASE + "    expect:\n", "an `expect` without a key expects nothing"),
    (BASE + "expect: {}\n", "an `expect` without a key expects nothing"),
    (BASE + "    expect: {repyl: x}\n", "s.yaml:5:14: unknown key 'repyl'; did you mean 'reply'?"),
    (BASE + "    expect: {order: PXF}\n", "expected letters P and F"),
    (
        BASE + "    expect: {fallback: sometimes}\n",
        "expected `never`, `any` or {reason, after_calls}, found 'sometimes'",
    ),
    (BASE + "    expect: {fallback: {reason: bad_luck}}\n", "unknown reason 'bad_luck'"),
    (BASE + "    expect: {waits_s: 3}\n", "expected a list of seconds, found 3"),
    (BASE + "    expect: {waited_s: {}}\n", "expected a bound"),
    (BASE + "    expect: {waited_s: {at_least: 2, at_most: 1}}\n", "nothing is at least 2, at most 1"),
    (BASE + "    expect: {requests: [{n: 1}]}\n", "expected something of this request beside its number"),
    (BASE + "    expect: {requests: [{n: 1, lacks: [model]}]}\n", "a path begins with `headers` or `body`"),
    (BASE + "name: again\n", "s.yaml:5:1: duplicate key 'name'; it stands in line 1 already"),
    (BASE + "---\n" + BASE, "s.yaml:6:1: a second scenario called 'a-scenario' in this file"),
    (BASE + "each: {same: {says: [hello]}}\n", "s.yaml:5:8: 'same' changes nothing"),
    (
        BASE + "each: {a: {seed: 1, sayz: null}}\n",
        "s.yaml:5:21: null removes 'sayz', which this file does not have",
    ),
    (
        BASE + f"each: {{{'n' * 81}: {{seed: 1}}}}\n",
        f"colons, slashes or brackets, and at most 80 characters: '{'n' * 60}...'",
    ),
    (BASE + f"{'n' * 99}: 1\n", f"s.yaml:5:1: unknown key '{'n' * 60}...'\nallowed: clauses, config,"),
    (
        BASE + f"seed: -{'9' * 99}\n",
        f"s.yaml:5:7: expected a whole number from 0 to 9223372036854775808, found -{'9' * 59}",
    ),
    (
        BASE + "history: {messages: 60, tokens: 5}\n",
        "s.yaml:5:33: expected at least 65 tokens for 60 messages, found 5",
    ),
    (BASE + "history: {messages: 100001, tokens: 5}\n", "expected a whole number from 1 to 10000, found 100001"),
    ("name: n\nturns:\n\t- user: ping\n", "cannot start any token: a tab; indent with spaces"),
    ("name: @home\n", "s.yaml:1:7: unreadable YAML: "),
    ("name: @home\n", "cannot start any token: '@'; put the text in quotes"),
]
