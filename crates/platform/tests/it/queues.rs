//! Messages for queues.

use platform::{Provision, QueueError, Queues};

use crate::environment;

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_and_those_before_and_behind_it_are_sent() {
    let environment = environment().await;
    let longest = [("MaximumMessageSize".to_owned(), (256 * 1024).to_string())];
    let provision = Provision::new(&environment.aws);
    let queue = provision.queue("absah-test", &longest).await.unwrap();
    let queues = Queues::new(&environment.aws);

    let bodies = ["before".to_owned(), "a".repeat(300 * 1024), "behind".to_owned()];
    let error = queues.send(&queue, &bodies).await.unwrap_err();

    assert!(matches!(error, QueueError::PartlyTaken(1)), "{error:?}");
    assert_eq!(queues.depth(&queue).await.unwrap(), [2, 0, 0]);
}
