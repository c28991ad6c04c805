"""Where an implementation differs from AWS, and how that is known: the only place that excuses a test.

A test is excused for one target, by name. It still runs there and must
fail: an entry that is out of date fails the suite.
What is wrong in the embedded engine is a list of its own, and short.
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


S3_API = "https://docs.aws.amazon.com/AmazonS3/latest/API"
S3_KEYS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"
SQS_API = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference"
SIGNATURES = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html"

_UNSIGNED = Difference("takes requests that are signed with a wrong secret", SIGNATURES)

# By target and name of the test function.
DIFFERENCES: dict[tuple[str, str], Difference] = {
    ("ministack", "test_parts_out_of_order_at_the_end_are_refused"): Difference(
        "takes parts in any order when an upload is completed", f"{S3_API}/API_CompleteMultipartUpload.html"
    ),
    ("ministack", "test_a_part_that_is_too_small_and_not_the_last_is_refused"): Difference(
        "takes parts of less than 5 MiB", f"{S3_API}/API_CompleteMultipartUpload.html"
    ),
    ("ministack", "test_a_key_has_at_most_1024_bytes"): Difference("takes longer keys", S3_KEYS),
    ("ministack", "test_a_wrong_secret_or_unknown_key_is_refused"): _UNSIGNED,
    ("ministack", "test_a_wrong_secret_is_refused"): _UNSIGNED,
    ("ministack", "test_the_visibility_of_a_received_message_can_be_changed"): Difference(
        "takes a visibility timeout of more than 43200 s", f"{SQS_API}/API_ChangeMessageVisibility.html"
    ),
    ("ministack", "test_a_message_that_was_received_too_often_becomes_a_dead_letter"): Difference(
        "has no ListDeadLetterSourceQueues", f"{SQS_API}/API_ListDeadLetterSourceQueues.html"
    ),
    ("ministack", "test_dead_letters_are_moved_back"): Difference(
        "has no StartMessageMoveTask", f"{SQS_API}/API_StartMessageMoveTask.html"
    ),
    ("ministack", "test_a_batch_does_what_it_can_and_names_what_it_cannot"): Difference(
        "takes a delay of more than 900 s", f"{SQS_API}/API_SendMessageBatchRequestEntry.html"
    ),
    ("seaweedfs", "test_a_copy_has_the_bytes_and_the_metadata"): Difference(
        "leaves out the quotes of a copy's ETag", f"{S3_API}/API_CopyObject.html"
    ),
    ("seaweedfs", "test_a_list_comes_in_pages_in_the_order_of_bytes"): Difference(
        "lists folder by folder, so that a/0 comes before a-", f"{S3_API}/API_ListObjectsV2.html"
    ),
    ("seaweedfs", "test_a_key_may_be_the_folder_of_another"): Difference("keeps keys as files in folders", S3_KEYS),
    ("seaweedfs", "test_a_backslash_is_no_slash"): Difference("takes a backslash for a slash", S3_KEYS),
    ("seaweedfs", "test_a_key_has_at_most_1024_bytes"): Difference("refuses a key of 1024 bytes", S3_KEYS),
}

STREAMS_API = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html"

# What the embedded engine does wrong, knowingly. Nothing in Absah may depend on it.
DEFECTS: dict[tuple[str, str], Difference] = {
    ("embedded", "test_a_stream_does_not_tell_of_what_changes_nothing"): Difference(
        "tells of writes that change nothing; the relay reads new rows only", STREAMS_API
    ),
}
DIFFERENCES.update(DEFECTS)
