"""Where a foreign implementation differs from AWS, and how that is known: the only place that excuses a test.

A test is excused for one target, by name. It still runs there and must fail: an entry that is out of date fails the suite.
The embedded engine is never excused.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Why one test cannot pass on one target."""

    reason: str
    # The page of AWS's documentation that says the other thing.
    source: str
    # False where the difference shows only sometimes, as races do.
    always: bool = True


# By target and name of the test function.
DIFFERENCES: dict[tuple[str, str], Difference] = {}
