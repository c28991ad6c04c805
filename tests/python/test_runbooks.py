"""What operators read is true: codes, links, and the commands that they paste."""

import itertools
import json
import pathlib
import re
import shlex
import subprocess

import pytest
from error_codes import DOTTED, codes_of, dotted_of, sources

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INFRA = ROOT / "infra"
ERRORS = INFRA / "runbooks/errors.md"
PAGES = sorted(INFRA.rglob("*.md"))
#: Dotted literals that are no codes: names of files, fields of the log, actions in the audit, and senders of events.
OTHERS = re.compile(
    r".*\.(pdf|json|log|lock|sqlite3|pem)|http\.route|(trace|message)\.id|vault\.(key_sha256|stage)|aws\.events"
    r"|queue\.redrive|audit\.exported|access\.refused|action\.taken"
    r"|(user|auth|role|org_unit|api_key|approval|delegation|letter|letter_type|letterhead)\.[a-z_]+"
)
ROW = re.compile(r"^\| `(?P<code>[a-z0-9_.]+)` \|(?P<rest>.*)\|$", re.MULTILINE)


def in_code() -> set[str]:
    """Every code of the sources."""
    return set().union(*(codes_of(path.read_text()) for path in sources(ROOT)))


def in_page() -> dict[str, list[str]]:
    """The rows of errors.md: a code, and the other cells."""
    rows = ROW.finditer(ERRORS.read_text())
    return {row["code"]: [cell.strip() for cell in row["rest"].split(" | ")] for row in rows}


def shell_lines(page: pathlib.Path) -> list[str]:
    """What a page asks to paste, one command line each, without comments."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = (line.strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def calls(line: str) -> list[list[str]]:
    """The commands of one line as words, those within `$(...)` too; what such a one gives is the word `$`."""
    found = []
    while (start := line.rfind("$(")) >= 0:
        depth = itertools.accumulate((mark == "(") - (mark == ")") for mark in line[start + 1 :])
        end = start + 1 + list(depth).index(0)
        found += calls(line[start + 2 : end])
        line = f"{line[:start]}${line[end + 1 :]}"
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";|&"):
            found += [command] if command else []
            command = []
        elif command or not (word in ("do", "{", "}", "eval") or re.match(r"\w+(=|\(\)$)", word)):
            command.append(word)
    return found


def anchors(page: pathlib.Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands() -> list[str]:
    """The commands of `absah`, as its command line declares them."""
    source = (ROOT / "localstack/src/cli/arguments.rs").read_text()
    (body,) = re.findall(r"^pub\(super\) enum Command \{\n(.*?)^\}", source, re.MULTILINE | re.DOTALL)
    names = re.findall(r"^    ([A-Z]\w*)[ ({,]", body, re.MULTILINE)
    return [re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in names]


def test_the_rule_finds_codes_and_nothing_else() -> None:
    source = r'''
        /// "comment.code" and // "comment.code"
        impl Fault for E {
            fn code(&self) -> &'static str { match self { Self::A => "one.a", Self::B(e) => e.code() } }
        }
        fn name() -> &'static str { "not.one" }
        fn f<'a>(x: &'a str) {
            error!(error.code = "two.b", error.chain = "not.two", r#"not.three"#, '"', b"not.four");
            let code = (!ok).then(|| "three.c".to_owned());
            let y = S { code: Some("four.d".into()), kind: "not.five" };
            Problem::new(Status::X, "five.e", "Kalimat."); park(id, "seven.g", "Not.6");
            self.quarantine(a, "six.f").await;
            if code == "not.seven" { match code { "not.eight" => 1 } }
        }
        #[cfg(test)] mod tests { fn code() -> &'static str { "test.code" } }
        fn code(&self) -> &'static str;
    '''
    assert codes_of(source) == {"one.a", "two.b", "three.c", "four.d", "five.e", "six.f", "seven.g"}


def test_every_literal_that_looks_like_a_code_is_accounted_for() -> None:
    known = in_code() | {path.stem for path in (ROOT / "events/schemas").glob("*.json")}
    unknown = {
        f"{path.relative_to(ROOT)}:{literal.line}: {literal.text}"
        for path in sources(ROOT)
        for literal in dotted_of(path.read_text())
        if literal.text not in known and not OTHERS.fullmatch(literal.text)
    }
    assert unknown == set(), "a code that the rule does not find, or one that is never used"


def test_every_code_is_explained_and_no_explanation_is_dead() -> None:
    explained = in_page()
    assert sorted(in_code() - explained.keys()) == [], "not in errors.md"
    assert sorted(explained.keys() - in_code()) == [], "in errors.md, but not in the sources"
    assert len(explained) == len(ROW.findall(ERRORS.read_text())), "a code has two rows"
    assert {code for code, cells in explained.items() if len(cells) != 3 or not all(cells)} == set()


def test_codes_that_the_runbooks_name_exist() -> None:
    prefixes = {code.split(".")[0] for code in in_code()}
    known = in_code() | {path.stem for path in (ROOT / "events/schemas").glob("*.json")}
    named = {
        f"{page.name}: {text}"
        for page in PAGES
        for text in re.findall(r"`([^`\n]+)`", page.read_text())
        if DOTTED.fullmatch(text) and text.split(".")[0] in prefixes and text not in known
        if not OTHERS.fullmatch(text)
    }
    assert named == set()


def test_each_runbook_is_in_the_index_and_each_link_leads_somewhere() -> None:
    index = set(re.findall(r"\(runbooks/([a-z-]+\.md)\)", (INFRA / "README.md").read_text()))
    assert index == {path.name for path in (INFRA / "runbooks").glob("*.md")}
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if target.startswith(("https://", "http://")):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_a_line_is_taken_apart_into_its_commands() -> None:
    line = """id=x; echo "$(queue "$(name 'a(1)')-dead")" | jq -r '.a(b)' && f() { aws s3 ls --query 'x|y'; }"""
    assert calls(line) == [
        ["name", "a(1)"],
        ["queue", "$-dead"],
        ["echo", "$"],
        ["jq", "-r", ".a(b)"],
        ["aws", "s3", "ls", "--query", "x|y"],
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_our_own_commands_in_shell_blocks_exist(page: pathlib.Path) -> None:
    missing = []
    for line in shell_lines(page):
        missing += [f"absah {call[1]}" for call in calls(line) if call[0] == "absah" and call[1] not in commands()]
        paths = re.findall(r"(?<![\w./:$-])((?:localstack|infra|tests|events)/[\w./-]+)", line)
        missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


def test_what_shell_blocks_name_is_in_the_template() -> None:
    template = (ROOT / "template.yaml").read_text()
    resources = set(re.findall(r"^  (\w+):$", template, re.MULTILINE))
    queues = set(re.findall(r'QueueName: !Sub "\$\{AWS::StackName\}-([a-z-]+)"', template))
    functions = {name for name in resources if name.endswith("Function")}
    # SAM names an event source mapping after its function and its event.
    known = {
        "physical": resources | {f"{name}{event}" for name in functions for event in ("Queue", "Stream")},
        "output": resources,
        "queue": queues,
        "pause": functions,
        "resume": functions,
        "for": functions | {"function", "in", "step"} | {name.removesuffix("-dead") for name in queues},
    }
    wrong = [
        " ".join(call)
        for page in PAGES
        for line in shell_lines(page)
        for call in calls(line)
        if call[0] in known and not all("$" in word or word in known[call[0]] for word in call[1:])
    ]
    assert wrong == []


def alarms() -> dict[str, str]:
    """The template's alarms, and the runbook that each names to whom it wakes."""
    found = re.findall(
        r'AlarmName: !Sub "\$\{AWS::StackName\}-([a-z-]+)"\n +AlarmDescription: .* Runbook ([a-z-]+)\.$',
        (ROOT / "template.yaml").read_text(),
        re.MULTILINE,
    )
    return dict(found)


def test_every_alarm_is_in_the_table_with_the_runbook_that_it_names() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|.*\(runbooks/([a-z-]+)\.md[^)]*\) \|$", (INFRA / "README.md").read_text(), re.MULTILINE)
    assert dict(rows) == alarms()
    assert len(rows) == (ROOT / "template.yaml").read_text().count("AWS::CloudWatch::Alarm")


def test_alarms_that_runbooks_begin_with_exist_and_lead_there() -> None:
    begins = {page.stem: set() for page in PAGES}
    for page in PAGES:
        for paragraph in re.split(r"\n\s*\n", page.read_text()):
            if "**What you see**" in paragraph and "README.md#signals" in paragraph or paragraph.startswith("**When**"):
                begins[page.stem] |= set(re.findall(r"`([a-z]+(?:[ -][a-z]+)*)`", paragraph))
    # A queue that is spoken of with its alarm.
    named = set().union(*begins.values()) - {"relay-dead"}
    assert named - alarms().keys() == set(), "no such alarm"
    led = {f"{alarm} to {runbook}" for alarm, runbook in alarms().items() if alarm not in begins[runbook]}
    assert led == set(), "an alarm leads to a runbook that does not begin with it"


def test_the_dashboard_shows_every_queue_and_function_by_its_whole_name() -> None:
    template = (ROOT / "template.yaml").read_text()
    (body,) = re.findall(r"DashboardBody: !Sub \|\n((?: {8}.*\n)+)", template)
    shown = re.findall(r'"(\$\{[^"]+)"', body)
    queues = re.findall(r'QueueName: !Sub "([^"]+)"', template)
    functions = re.findall(r"^  (\w+):\n    Type: AWS::Serverless::Function$", template, re.MULTILINE)
    assert [name for name in queues if name not in shown] == []
    # Invocations, errors and throttles.
    assert [name for name in functions if shown.count(f"${{{name}}}") != 3] == []
    # A quoted value is the whole value, so what begins like it would not be found.
    assert re.findall(r"(?:QueueName|FunctionName)=", body) == []
    json.loads(re.sub(r"\$\{[^}]+\}", "x", body))


def test_alarms_watch_every_queue_and_function() -> None:
    template = (ROOT / "template.yaml").read_text()
    resources = dict(re.findall(r"^  (\w+):\n((?: {4}.*\n|\n)+)", template, re.MULTILINE))
    alarms = [body for body in resources.values() if "Type: AWS::CloudWatch::Alarm" in body]

    def watched(metric: str) -> set[str]:
        """What any alarm watches by this metric."""
        named = (re.findall(rf"MetricName: {metric},.*Value: !(?:Ref|GetAtt) (\w+)", body) for body in alarms)
        return set(itertools.chain.from_iterable(named))

    queues = {name for name, body in resources.items() if "Type: AWS::SQS::Queue\n" in body}
    dead = {name for name in queues if name.endswith("DeadLetterQueue")}
    functions = {name: body for name, body in resources.items() if "Type: AWS::Serverless::Function" in body}
    answering = {name for name, body in functions.items() if "FunctionUrlConfig:" in body}
    assert dead and watched("ApproximateNumberOfMessagesVisible") == dead
    assert watched("ApproximateAgeOfOldestMessage") == queues - dead
    assert watched("Url5xxCount") == answering
    assert watched("Errors") >= functions.keys() - answering
    # CloudWatch takes ten metrics in one expression.
    assert all(body.count("MetricStat:") <= 10 for body in alarms)


def test_health_asks_every_queue_and_may() -> None:
    template = (ROOT / "template.yaml").read_text()
    queues = {name for name in re.findall(r"^  (\w+Queue):\n", template, re.MULTILINE) if "DeadLetter" not in name}
    (health,) = re.findall(r"^  HealthFunction:\n((?: {4}.*\n|\n)+)", template, re.MULTILINE)
    (asked,) = re.findall(r"QUEUE_URLS: (.*)", health)
    (allowed,) = re.findall(r"sqs:GetQueueAttributes\]\n +Resource: (.*)", health)
    assert queues and set(re.findall(r"\$\{(\w+)\}", asked)) == queues
    assert set(re.findall(r"GetAtt (\w+)\.Arn", allowed)) == queues


def test_a_table_that_is_changed_is_waited_for_before_the_next_change() -> None:
    for page in PAGES:
        changes = [call[1:3] for line in shell_lines(page) for call in calls(line) if call[:2] == ["aws", "dynamodb"]]
        changing = [place for place, words in enumerate(changes) if words[1] == "update-table"]
        assert all(changes[place + 1][1] == "wait" for place in changing), page.name


def test_commands_of_aws_and_sam_exist_with_their_options() -> None:
    lines = (line for page in PAGES for line in shell_lines(page))
    asked = [call for line in lines for call in calls(line) if call[0] in ("aws", "sam")]
    assert len(asked) > 60
    setup = [ROOT / "tests/setup/venv.sh", "sam", INFRA / "requirements-deploy.txt"]
    venv = subprocess.run(setup, check=True, capture_output=True, text=True).stdout.strip()
    script = [f"{venv}/bin/python", pathlib.Path(__file__).with_name("aws_commands.py")]
    checked = subprocess.run(script, input=json.dumps(asked), check=True, capture_output=True, text=True)
    assert json.loads(checked.stdout) == []
