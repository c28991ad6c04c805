"""What Absah expects of SQS."""

import json
import threading
import time
import uuid
from typing import Any

import pytest
from conftest import refused
from servers import Server, wait_until

TARGETS = ("embedded", "ministack")
DEADLINE_S = 15.0


@pytest.fixture
def sqs(server: Server) -> Any:
    """A client of the target."""
    return server.client("sqs")


@pytest.fixture
def queue(sqs: Any, name: str) -> str:
    """The URL of a new queue."""
    return sqs.create_queue(QueueName=name)["QueueUrl"]


def arn(sqs: Any, url: str) -> str:
    """The ARN of a queue."""
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def receive(sqs: Any, url: str, **other: Any) -> list[dict[str, Any]]:
    """What one request gives, with all that is known of each message."""
    asked = {
        "MaxNumberOfMessages": 10,
        "MessageSystemAttributeNames": ["All"],
        "MessageAttributeNames": ["All"],
        **other,
    }
    return sqs.receive_message(QueueUrl=url, **asked).get("Messages", [])


def count(sqs: Any, url: str, name: str = "ApproximateNumberOfMessages") -> int:
    """One of the queue's counters."""
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


def test_a_message_is_received_and_after_deleting_it_is_gone(sqs: Any, queue: str) -> None:
    body = 'isi – é ✓ "<&>"'
    number = {"DataType": "String", "StringValue": "503/0147"}
    sent = sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes={"number": number})
    (got,) = receive(sqs, queue, VisibilityTimeout=0)
    assert (got["MessageId"], got["Body"], got["MD5OfBody"]) == (sent["MessageId"], body, sent["MD5OfMessageBody"])
    assert got["MessageAttributes"] == {"number": number}
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    (again,) = receive(sqs, queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    assert (count(sqs, queue), count(sqs, queue, "ApproximateNumberOfMessagesNotVisible")) == (0, 0)


def test_a_received_message_is_hidden_for_the_visibility_timeout(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    begun = time.monotonic()
    (got,) = receive(sqs, queue, VisibilityTimeout=2)
    assert receive(sqs, queue) == []
    assert count(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == 1
    (again,) = wait_until(lambda: receive(sqs, queue), DEADLINE_S, "the message does not come back")
    assert time.monotonic() - begun >= 1.9
    assert again["MessageId"] == got["MessageId"]
    assert [one["Attributes"]["ApproximateReceiveCount"] for one in (got, again)] == ["1", "2"]
    assert (
        again["Attributes"]["ApproximateFirstReceiveTimestamp"] == got["Attributes"]["ApproximateFirstReceiveTimestamp"]
    )


def test_the_visibility_of_a_received_message_can_be_changed(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    (got,) = receive(sqs, queue, VisibilityTimeout=600)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = receive(sqs, queue, VisibilityTimeout=1)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=600)
    # Longer than the second for which it was hidden first.
    assert receive(sqs, queue, WaitTimeSeconds=2) == []
    wrong = {"ReceiptHandle": again["ReceiptHandle"], "VisibilityTimeout": 43201}
    assert refused(sqs.change_message_visibility, QueueUrl=queue, **wrong)[0] == 400


def test_a_handle_that_never_was_is_refused(sqs: Any, queue: str) -> None:
    answer = refused(sqs.delete_message, QueueUrl=queue, ReceiptHandle="bukan-tanda-terima")
    assert answer[1].rsplit(".", 1)[-1] == "ReceiptHandleIsInvalid"


def _with_dead_letters(sqs: Any, name: str) -> tuple[str, str]:
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 2})
    source = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})[
        "QueueUrl"
    ]
    return source, dead


def _kill(sqs: Any, source: str, dead: str) -> None:
    for _ in range(2):
        assert len(receive(sqs, source)) == 1
    assert receive(sqs, source) == []
    wait_until(lambda: count(sqs, dead) == 1, DEADLINE_S, "the message is not in the dead-letter queue")


def test_a_message_that_was_received_too_often_becomes_a_dead_letter(sqs: Any, name: str) -> None:
    source, dead = _with_dead_letters(sqs, name)
    sent = sqs.send_message(QueueUrl=source, MessageBody="1")
    _kill(sqs, source, dead)
    (got,) = receive(sqs, dead)
    assert (got["MessageId"], got["Body"]) == (sent["MessageId"], "1")
    assert got["Attributes"]["DeadLetterQueueSourceArn"] == arn(sqs, source)
    sources = sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    assert [url.rsplit("/", 1)[-1] for url in sources] == [name]


def test_dead_letters_are_moved_back(sqs: Any, name: str) -> None:
    source, dead = _with_dead_letters(sqs, name)
    sqs.send_message(QueueUrl=source, MessageBody="1")
    _kill(sqs, source, dead)
    task = sqs.start_message_move_task(SourceArn=arn(sqs, dead))
    assert task["TaskHandle"]
    (got,) = wait_until(lambda: receive(sqs, source), DEADLINE_S, "the message is not moved back")
    assert (got["Body"], got["Attributes"]["ApproximateReceiveCount"]) == ("1", "1")

    def done() -> dict[str, Any] | None:
        (one,) = sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"]
        return one if one["Status"] != "RUNNING" else None

    result = wait_until(done, DEADLINE_S, "the task does not end")
    assert (result["Status"], result["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)


def test_only_dead_letter_queues_are_moved(sqs: Any, queue: str) -> None:
    assert refused(sqs.start_message_move_task, SourceArn=arn(sqs, queue))[0] == 400


def test_a_delayed_message_comes_later(sqs: Any, queue: str) -> None:
    begun = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody="1", DelaySeconds=2)
    assert receive(sqs, queue) == []
    assert count(sqs, queue, "ApproximateNumberOfMessagesDelayed") == 1
    assert len(wait_until(lambda: receive(sqs, queue), DEADLINE_S, "the message does not come")) == 1
    assert time.monotonic() - begun >= 1.9


def test_a_long_poll_ends_when_a_message_comes(server: Server, sqs: Any, queue: str) -> None:
    asking = threading.Event()
    asker = server.client("sqs")
    # The request is on its way when this fires.
    asker.meta.events.register("before-send.sqs.ReceiveMessage", lambda **_: asking.set())
    got: list[tuple[float, list[dict[str, Any]]]] = []
    thread = threading.Thread(target=lambda: got.append((time.monotonic(), receive(asker, queue, WaitTimeSeconds=15))))
    thread.start()
    assert asking.wait(5)
    sqs.send_message(QueueUrl=queue, MessageBody="1")
    sent = time.monotonic()
    thread.join(20)
    assert time.monotonic() - sent < 5
    assert [message["Body"] for message in got[0][1]] == ["1"]


def test_a_long_poll_of_an_empty_queue_waits(sqs: Any, queue: str) -> None:
    begun = time.monotonic()
    assert receive(sqs, queue, WaitTimeSeconds=1) == []
    assert 0.9 <= time.monotonic() - begun < 5


def test_a_batch_does_what_it_can_and_names_what_it_cannot(sqs: Any, queue: str) -> None:
    entries = [{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2", "DelaySeconds": 901}]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in sent["Successful"]] == ["a"]
    (failed,) = sent["Failed"]
    assert (failed["Id"], failed["SenderFault"]) == ("b", True)
    (got,) = receive(sqs, queue)
    entries = [{"Id": "x", "ReceiptHandle": got["ReceiptHandle"]}, {"Id": "y", "ReceiptHandle": "bukan-tanda-terima"}]
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in deleted["Successful"]] == ["x"]
    assert [(one["Id"], one["Code"].rsplit(".", 1)[-1]) for one in deleted["Failed"]] == [
        ("y", "ReceiptHandleIsInvalid")
    ]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(number), "MessageBody": "1"} for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "1"}, {"Id": "a", "MessageBody": "2"}], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "1"}], "InvalidBatchEntryId"),
    ],
    ids=["empty", "eleven", "twice", "odd id"],
)
def test_a_malformed_batch_is_refused(sqs: Any, queue: str, entries: list[dict[str, str]], code: str) -> None:
    status, answer = refused(sqs.send_message_batch, QueueUrl=queue, Entries=entries)
    assert (status, answer.rsplit(".", 1)[-1]) == (400, code)
    assert count(sqs, queue) == 0


def test_attributes_are_kept_and_told(sqs: Any, name: str) -> None:
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "180"})["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "1209600", "DelaySeconds": "5"})
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wanted = {
        "VisibilityTimeout": "180",
        "MessageRetentionPeriod": "1209600",
        "DelaySeconds": "5",
        "ReceiveMessageWaitTimeSeconds": "0",
        "ApproximateNumberOfMessages": "0",
    }
    assert {name: told[name] for name in wanted} == wanted
    assert told["QueueArn"].endswith(f":{name}")
    refusal = refused(sqs.set_queue_attributes, QueueUrl=url, Attributes={"VisibilityTimeout": "43201"})
    assert (refusal[0], refusal[1].rsplit(".", 1)[-1]) == (400, "InvalidAttributeValue")


def test_creating_a_queue_again_gives_the_same_queue_unless_it_is_another(sqs: Any, name: str) -> None:
    made = {"QueueName": name, "Attributes": {"VisibilityTimeout": "180"}}
    assert (
        sqs.create_queue(**made)["QueueUrl"]
        == sqs.create_queue(**made)["QueueUrl"]
        == sqs.get_queue_url(QueueName=name)["QueueUrl"]
    )
    other = refused(sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "30"})
    assert other[1].rsplit(".", 1)[-1] in ("QueueNameExists", "QueueAlreadyExists")


def test_purging_leaves_nothing(sqs: Any, queue: str) -> None:
    for body in ("1", "2"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    receive(sqs, queue, MaxNumberOfMessages=1, VisibilityTimeout=1)
    sqs.purge_queue(QueueUrl=queue)
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    wait_until(lambda: all(count(sqs, queue, one) == 0 for one in names), DEADLINE_S, "the queue is not empty")


def test_a_queue_that_is_not_there_has_aws_s_code(sqs: Any, queue: str) -> None:
    missing = f"{queue}-{uuid.uuid4().hex[:8]}"
    calls = [
        (sqs.get_queue_url, {"QueueName": missing.rsplit("/", 1)[-1]}),
        (sqs.receive_message, {"QueueUrl": missing}),
        (sqs.send_message, {"QueueUrl": missing, "MessageBody": "1"}),
    ]
    for call, arguments in calls:
        # botocore gives the code of the query protocol, which AWS sends in x-amzn-query-error.
        assert refused(call, **arguments) == (400, "AWS.SimpleQueueService.NonExistentQueue")


def test_a_message_has_at_most_1_mib_and_is_not_empty(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 256 * 1024)
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="x" * (1024 * 1024 + 1))[0] == 400
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="")[0] == 400
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="bel \u0007")[0] == 400
    assert count(sqs, queue) == 1


def test_a_wrong_secret_is_refused(server: Server, queue: str) -> None:
    wrong = server.client("sqs", aws_secret_access_key="another")
    assert refused(wrong.send_message, QueueUrl=queue, MessageBody="1")[0] in (400, 403)
