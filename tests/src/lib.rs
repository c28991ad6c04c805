//! The tests of the whole: see `tests/it/`. The scripts that other languages run stand beside.
