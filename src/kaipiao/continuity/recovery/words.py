"""What recovery says, in two languages."""

from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.recovery.course import Course, Stage
from kaipiao.continuity.recovery.finding import Finding
from kaipiao.continuity.recovery.perform import Line, Outcome

STAGES: dict[Stage, Sentence] = {
    "break": Sentence("熔断", "break"),
    "isolate": Sentence("隔离", "isolate"),
    "rebuild": Sentence("重构", "rebuild"),
}
OUTCOMES: dict[Outcome, Sentence] = {
    "told": Sentence("已由系统完成", "done by itself"),
    "would": Sentence("将会执行", "would be done"),
    "asked": Sentence("开始", "begun"),
    "done": Sentence("完成", "done"),
    "failed": Sentence("失败", "failed"),
    "withdrawn": Sentence("不再需要, 未执行", "not needed any more, not done"),
}


def line_words(line: Line) -> Sentence:
    """A step and what became of it."""
    stage, outcome, step = STAGES[line.step.stage], OUTCOMES[line.outcome], line.step
    said = f": {line.said}" if line.said else ""
    return Sentence(
        f"  {stage.zh}  {step.zh}  [{outcome.zh}{said}]",
        f"  {stage.en}  {step.en}  [{outcome.en}{said}]",
    )


def course_words(course: Course) -> list[Sentence]:
    """What was found; and where a person must act, why and how."""
    found = [Sentence(f"✗ {course.finding.zh}", f"✗ {course.finding.en}")]
    if course.zh:
        page = f"docs/runbooks/{course.finding.runbook}.md"
        why = f"    → {course.zh}。手册: {page}", f"    → {course.en}. Runbook: {page}"
        found += [Sentence(*why), Sentence(*[f"    → {course.command}"] * 2)]
    return found


def over_words(finding: Finding) -> Sentence:
    return Sentence(f"✓ 已不再: {finding.zh}", f"✓ no longer: {finding.en}")
