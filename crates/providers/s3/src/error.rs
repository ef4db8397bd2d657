//! S3's errors: `<Error><Code>NoSuchKey</Code><Message>…</Message><RequestId>…</RequestId></Error>`.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use http::{StatusCode, response::Parts};
use trunkline_core::{Delivery, Error, ErrorKind, Recovery, protocol::error_of_status};

use crate::xml::Element;

/// An answer that is no success. That to a HEAD has no body, and some stores say the code in its head.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let usual = match head.status {
        StatusCode::PRECONDITION_FAILED => {
            error_of_status(head.status).with_kind(ErrorKind::Conflict)
        }
        // Without a code it is somebody on the way who says so, and nobody knows what was done behind.
        StatusCode::SERVICE_UNAVAILABLE => {
            error_of_status(head.status).with_kind(ErrorKind::Overloaded)
        }
        status => error_of_status(status),
    };
    let root = Element::read(body).ok();
    match root.filter(|root| root.name == "Error") {
        Some(root) => narrow(usual, &root, region_of(head)),
        None => {
            let names = ["x-amz-error-code", "x-minio-error-code"];
            let code = names.iter().find_map(|name| head.headers.get(*name));
            match code.and_then(|code| code.to_str().ok()) {
                Some(code) => of_code(usual, code, None),
                None => of_region(usual, head),
            }
        }
    }
}

/// Where the head says that the bucket is.
fn region_of(head: &Parts) -> Option<&str> {
    head.headers.get("x-amz-bucket-region")?.to_str().ok()
}

/// Without a body, as to a HEAD, AWS says of a bucket in another region only that the request is bad,
/// or that it is elsewhere, and in the head where the bucket is.
fn of_region(usual: Error, head: &Parts) -> Error {
    let message = region_of(head).map(|region| {
        let said = usual.message();
        format!("{said} (the bucket's region is `{region}`; is that the one that is set?)")
    });
    match (message, head.status) {
        (Some(message), StatusCode::BAD_REQUEST) => {
            Error::new(usual.kind(), message).with_delivery(usual.delivery())
        }
        (Some(message), StatusCode::MOVED_PERMANENTLY) => of_code(usual, MOVED, Some(message)),
        _ => usual,
    }
}

/// The bucket is in another region.
const MOVED: &str = "PermanentRedirect";

/// An error in a success's clothes: a store that works long on something sends its head before it knows
/// how that ends.
pub(crate) fn in_success(root: &Element) -> Error {
    let usual = Error::new(ErrorKind::Server, "the store failed and does not say why");
    narrow(usual.with_delivery(Delivery::MaybeProcessed), root, None)
}

/// `region` is where the head says that the bucket is.
fn narrow(usual: Error, root: &Element, region: Option<&str>) -> Error {
    let code = root.text_of("Code").unwrap_or_default();
    let said = root.text_of("Message").map(str::trim).unwrap_or_default();
    let mut message = match said {
        "" => usual.message().to_owned(),
        said => said.to_owned(),
    };
    let hint = match (code, root.text_of("Region").or(region)) {
        (
            "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" | MOVED,
            Some(region),
        ) => Some(format!("the region is `{region}`; set it")),
        ("TemporaryRedirect", _) => Some(
            "the bucket is new, and not known everywhere yet: its region's own host is".to_owned(),
        ),
        ("EntityTooSmall", _) => Some(
            "a part that is not the last is smaller than the store takes, 5 MiB at S3; set a larger \
             `.part_size(…)`"
                .to_owned(),
        ),
        ("RequestTimeTooSkewed", _) => {
            Some("this machine's clock and the store's differ; set it".to_owned())
        }
        ("SignatureDoesNotMatch", _) => {
            Some("is the secret right, and does nothing on the way change the path?".to_owned())
        }
        _ => None,
    };
    if let Some(hint) = hint {
        message = format!("{} ({hint})", message.trim_end_matches('.'));
    }
    let error = of_code(usual, code, Some(message));
    match root.text_of("RequestId") {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

fn of_code(usual: Error, code: &str, message: Option<String>) -> Error {
    let message = message.unwrap_or_else(|| usual.message().to_owned());
    let (kind, delivery) = match kind(code) {
        Some(kind) => (kind, delivery(kind, usual.delivery())),
        None => (usual.kind(), usual.delivery()),
    };
    let error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(code);
    match code {
        // Another request is at the same object, and will be done soon.
        "OperationAborted" | "ConditionalRequestConflict" => error.with_recovery(Recovery::Later),
        _ => error,
    }
}

/// The store says that it did nothing, whatever its status.
fn delivery(kind: ErrorKind, usual: Delivery) -> Delivery {
    match kind {
        ErrorKind::Server | ErrorKind::Timeout => usual,
        _ => Delivery::Rejected,
    }
}

fn kind(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" | "NotFound" => {
            ErrorKind::NotFound
        }
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "NotSignedUp"
        | "InvalidPayer" | "UnauthorizedAccess" => ErrorKind::Permission,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "InvalidSecurity"
        | "CredentialsNotSupported"
        | "MissingSecurityHeader"
        | "MissingAuthenticationToken"
        | "AuthorizationHeaderMalformed"
        | "AuthorizationQueryParametersError"
        | "RequestTimeTooSkewed"
        | "RequestExpired" => ErrorKind::Auth,
        "SlowDown" | "SlowDownRead" | "SlowDownWrite" | "ServiceUnavailable" | "Busy"
        | "ServerBusy" => ErrorKind::Overloaded,
        "TooManyRequests"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException" => ErrorKind::RateLimited,
        "QuotaExceeded" | "XMinioAdminBucketQuotaExceeded" | "TooManyBuckets" => {
            ErrorKind::QuotaExhausted
        }
        "InternalError" => ErrorKind::Server,
        // What was sent did not arrive, or not in time, or not as it was.
        "RequestTimeout" => ErrorKind::Timeout,
        "IncompleteBody" | "BadDigest" | "XAmzContentSHA256Mismatch" => ErrorKind::Interrupted,
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "ObjectLocked"
        | "InvalidObjectState"
        | "RestoreAlreadyInProgress" => ErrorKind::Conflict,
        "EntityTooLarge" | "MaxMessageLengthExceeded" | "RequestHeaderSectionTooLarge" => {
            ErrorKind::TooLarge
        }
        "NotImplemented" | "NotSupported" => ErrorKind::Unsupported,
        "InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "InvalidRange"
        | "KeyTooLongError" | "InvalidBucketName" | "InvalidArgument" | "InvalidRequest"
        | "MalformedXML" => ErrorKind::InvalidRequest,
        _ => return None,
    })
}
