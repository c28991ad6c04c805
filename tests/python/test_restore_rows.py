"""What infra/restore-rows does to a table, seen on a foreign server of DynamoDB."""

from typing import Any

from foreign_server import Server


def rows(server: Server, table: str) -> dict[str, str]:
    """What each row of a table says, by its partition."""
    return {item["pk"]["S"]: item["data"]["S"] for item in server.ask("Scan", TableName=table)["Items"]}


def row(pk: str, version: int, data: str) -> dict[str, Any]:
    """An aggregate's row."""
    return {"pk": {"S": pk}, "sk": {"S": "state"}, "version": {"N": str(version)}, "data": {"S": data}}


def test_lost_rows_come_back_and_nothing_that_went_on_is_touched(server: Server) -> None:
    many = {f"contoh#document#{number:03}": "kept" for number in range(230)}
    good = [
        row("contoh#same", 1, "same"),
        row("contoh#lost", 2, "lost"),
        row("contoh#damaged", 3, "good"),
        row("contoh#newer", 4, "old"),
    ]
    server.table("copy-of-the-table", good + [row(pk, 1, data) for pk, data in many.items()])
    damaged = [row("contoh#same", 1, "same"), row("contoh#damaged", 3, "bad"), row("contoh#newer", 5, "new")]
    server.table("the-main-table", [*damaged, row("contoh#later", 1, "later")])
    untouched = {"contoh#same": "same", "contoh#damaged": "bad", "contoh#newer": "new", "contoh#later": "later"}

    assert server.run("restore-rows", "copy-of-the-table", "the-main-table", "--dry-run", "--replace") == (
        1,
        {"missing": 231, "same": 1, "different": 1, "newer": 1},
    )
    assert rows(server, "the-main-table") == untouched
    assert server.run("restore-rows", "copy-of-the-table", "the-main-table", "--prefix", "contoh#lost") == (0, {"written": 1})
    assert rows(server, "the-main-table") == untouched | {"contoh#lost": "lost"}
    assert server.run("restore-rows", "copy-of-the-table", "the-main-table") == (
        1,
        {"written": 230, "same": 2, "different": 1, "newer": 1},
    )
    assert server.run("restore-rows", "copy-of-the-table", "the-main-table", "--replace") == (
        0,
        {"same": 232, "replaced": 1, "newer": 1},
    )
    assert rows(server, "the-main-table") == untouched | many | {"contoh#lost": "lost", "contoh#damaged": "good"}
