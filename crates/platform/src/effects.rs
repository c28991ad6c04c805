//! A view on every request that changes something, so that a test can stop a function between two effects.

use std::sync::Arc;

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// One changing request, such as `S3.PUT` or `DynamoDB.TransactWriteItems`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect(pub String);

/// On which side of the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The request has not been sent.
    Before,
    /// The service has carried it out; the function does not know yet.
    After,
}

/// Called around each effect; may panic, as a process may die there.
pub type EffectHook = Arc<dyn Fn(&Effect, Moment) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct EffectInterceptor(pub(crate) EffectHook);

/// The effect of the request under way, kept between the two moments.
#[derive(Debug)]
struct Pending(Effect);

impl Storable for Pending {
    type Storer = StoreReplace<Self>;
}

impl std::fmt::Debug for EffectInterceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EffectInterceptor")
    }
}

impl Intercept for EffectInterceptor {
    fn name(&self) -> &'static str {
        "EffectInterceptor"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        if let Some(effect) = effect(request.method(), request.headers().get("x-amz-target")) {
            (self.0)(&effect, Moment::Before);
            config.interceptor_state().store_put(Pending(effect));
        }
        Ok(())
    }

    fn read_after_transmit(
        &self,
        _: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Pending(effect)) = config.load::<Pending>() {
            (self.0)(effect, Moment::After);
        }
        Ok(())
    }
}

/// Reading is no effect. The JSON protocols are always POST, so their target decides.
fn effect(method: &str, target: Option<&str>) -> Option<Effect> {
    let Some(target) = target else {
        return (method != "GET" && method != "HEAD").then(|| Effect(format!("S3.{method}")));
    };
    let (service, operation) = target.split_once('.')?;
    let reads = ["Get", "BatchGet", "Query", "Scan", "Describe", "List", "Receive"];
    let service = if service.starts_with("DynamoDB") {
        "DynamoDB"
    } else {
        "SQS"
    };
    (!reads.iter().any(|read| operation.starts_with(read))).then(|| Effect(format!("{service}.{operation}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_that_change_something_are_effects() {
        let named = |method, target| effect(method, target).map(|Effect(name)| name);
        assert_eq!(named("PUT", None).as_deref(), Some("S3.PUT"));
        assert_eq!(named("GET", None), None);
        assert_eq!(
            named("POST", Some("DynamoDB_20120810.TransactWriteItems")).as_deref(),
            Some("DynamoDB.TransactWriteItems")
        );
        assert_eq!(named("POST", Some("DynamoDB_20120810.GetItem")), None);
        assert_eq!(
            named("POST", Some("AmazonSQS.SendMessageBatch")).as_deref(),
            Some("SQS.SendMessageBatch")
        );
        assert_eq!(named("POST", Some("AmazonSQS.ReceiveMessage")), None);
    }
}
