//! Every operation that is served, and what serves it.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, BucketLocationConstraint, BucketVersioningStatus,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
    GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
    ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
    PutBucketNotificationConfigurationInput, PutBucketNotificationConfigurationOutput, PutBucketVersioningInput,
    PutBucketVersioningOutput, PutObjectInput, PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

use super::buckets::{self, Bucket, Versioning};
use super::error::ObjectError;
use super::{Objects, listing, notifications, serve, uploads, write};

impl Objects {
    async fn bucket(&self, name: String) -> Result<Bucket, ObjectError> {
        self.store.read(move |db| buckets::find(db, &name)).await
    }

    async fn create(&self, input: CreateBucketInput) -> Result<CreateBucketOutput, ObjectError> {
        if input.object_lock_enabled_for_bucket == Some(true) {
            return Err(ObjectError::NotSupported("Object lock"));
        }
        let (name, at) = (input.bucket.clone(), self.now_ms());
        self.store.write(move |tx| buckets::create(tx, &name, at)).await?;
        Ok(CreateBucketOutput {
            location: Some(format!("/{}", input.bucket)),
        })
    }

    async fn delete(&self, input: DeleteBucketInput) -> Result<DeleteBucketOutput, ObjectError> {
        let blobs = self.blobs.clone();
        self.store
            .write(move |tx| buckets::delete(tx, &blobs, &input.bucket))
            .await?;
        Ok(DeleteBucketOutput::default())
    }

    async fn head(&self, input: HeadBucketInput) -> Result<HeadBucketOutput, ObjectError> {
        self.bucket(input.bucket).await?;
        Ok(HeadBucketOutput {
            bucket_region: Some(self.region.name.clone()),
            ..HeadBucketOutput::default()
        })
    }

    /// The oldest region is written as none at all.
    async fn location(&self, input: GetBucketLocationInput) -> Result<GetBucketLocationOutput, ObjectError> {
        self.bucket(input.bucket).await?;
        let region = Some(self.region.name.clone()).filter(|region| region != "us-east-1");
        Ok(GetBucketLocationOutput {
            location_constraint: region.map(BucketLocationConstraint::from),
        })
    }

    async fn versioning(&self, input: GetBucketVersioningInput) -> Result<GetBucketVersioningOutput, ObjectError> {
        let bucket = self.bucket(input.bucket).await?;
        let status = bucket.versioning.as_str().map(BucketVersioningStatus::from_static);
        Ok(GetBucketVersioningOutput {
            status,
            mfa_delete: None,
        })
    }

    async fn set_versioning(&self, input: PutBucketVersioningInput) -> Result<PutBucketVersioningOutput, ObjectError> {
        let status = input.versioning_configuration.status;
        let versioning = match status.as_ref().map(BucketVersioningStatus::as_str) {
            Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
            Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
            Some(_) | None => {
                return Err(ObjectError::InvalidArgument(
                    "The versioning status must be Enabled or Suspended".to_owned(),
                ));
            }
        };
        self.store
            .write(move |tx| buckets::set_versioning(tx, &input.bucket, versioning))
            .await?;
        Ok(PutBucketVersioningOutput::default())
    }

    async fn set_notifications(
        &self,
        input: PutBucketNotificationConfigurationInput,
    ) -> Result<PutBucketNotificationConfigurationOutput, ObjectError> {
        notifications::put(self, input).await?;
        Ok(PutBucketNotificationConfigurationOutput::default())
    }
}

/// One method per operation: the request's input goes in, the answer's output comes out.
macro_rules! operations {
    ($($method:ident($input:ty) -> $output:ty = |$objects:ident, $request:ident| $call:expr;)+) => {
        #[async_trait::async_trait]
        impl S3 for Objects {$(
            async fn $method(&self, $request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                let $objects = self;
                Ok(S3Response::new($call.await?))
            }
        )+}
    };
}

operations! {
    create_bucket(CreateBucketInput) -> CreateBucketOutput = |s3, request| s3.create(request.input);
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = |s3, request| s3.delete(request.input);
    head_bucket(HeadBucketInput) -> HeadBucketOutput = |s3, request| s3.head(request.input);
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = |s3, request| s3.location(request.input);
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput
        = |s3, request| s3.versioning(request.input);
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput
        = |s3, request| s3.set_versioning(request.input);
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput)
        -> GetBucketNotificationConfigurationOutput = |s3, request| notifications::get(s3, request.input);
    put_bucket_notification_configuration(PutBucketNotificationConfigurationInput)
        -> PutBucketNotificationConfigurationOutput = |s3, request| s3.set_notifications(request.input);
    list_buckets(ListBucketsInput) -> ListBucketsOutput = |s3, request| listing::buckets(s3, request.input);
    list_objects(ListObjectsInput) -> ListObjectsOutput = |s3, request| listing::objects_v1(s3, request.input);
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = |s3, request| listing::objects_v2(s3, request.input);
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput
        = |s3, request| listing::versions(s3, request.input);
    get_object(GetObjectInput) -> GetObjectOutput = |s3, request| serve::get(s3, request.input);
    head_object(HeadObjectInput) -> HeadObjectOutput = |s3, request| serve::head(s3, request.input);
    put_object(PutObjectInput) -> PutObjectOutput
        = |s3, request| write::put(s3, request.input, request.trailing_headers);
    copy_object(CopyObjectInput) -> CopyObjectOutput = |s3, request| write::copy(s3, request.input);
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = |s3, request| write::delete(s3, request.input);
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = |s3, request| write::delete_many(s3, request.input);
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput
        = |s3, request| uploads::create(s3, request.input);
    upload_part(UploadPartInput) -> UploadPartOutput
        = |s3, request| uploads::upload_part(s3, request.input, request.trailing_headers);
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput
        = |s3, request| uploads::upload_part_copy(s3, request.input);
    list_parts(ListPartsInput) -> ListPartsOutput = |s3, request| uploads::list_parts(s3, request.input);
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput
        = |s3, request| uploads::list(s3, request.input);
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput
        = |s3, request| uploads::complete(s3, request.input);
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput
        = |s3, request| uploads::abort(s3, request.input);
}
