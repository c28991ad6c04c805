"""The table of differences names what there is."""

import importlib

from differences import DEFECTS, DIFFERENCES

SUITES = ("test_object_store", "test_table", "test_queue", "test_bucket_events")


def test_each_difference_names_a_test_and_a_target_of_it() -> None:
    suites = [importlib.import_module(suite) for suite in SUITES]
    known = {(target, test) for suite in suites for test in dir(suite) for target in suite.TARGETS}
    assert set(DIFFERENCES) <= known


def test_the_embedded_engine_is_excused_where_its_defect_is_known_and_nowhere_else() -> None:
    assert {entry for entry in DIFFERENCES if entry[0] == "embedded"} == set(DEFECTS)
