//! Signatures, computed a second time by AWS's own description of them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

use http::{Request, header};
use sha2::{Digest, Sha256};
use trunkline_aws::{Chain, Fixed, SigV4};
use trunkline_core::{Body, HttpClient, protocol::Authorize};

/// The keys of AWS's own examples.
const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[tokio::test]
async fn a_signature_is_what_awss_description_says() {
    let model =
        "arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Feu.anthropic.claude-3-5%3A0";
    for (path, query, body) in [
        (format!("/model/{model}/converse"), "", r#"{"messages":[]}"#),
        ("/model/plain/converse-stream".to_owned(), "", ""),
        ("/a~b/c.d_e-f".to_owned(), "b=2&a=1%202", "x"),
        ("/".to_owned(), "", "é"),
    ] {
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{query}")
        };
        let address = format!("https://bedrock-runtime.eu-central-1.amazonaws.com{path}{query}");
        let signer = SigV4::new("bedrock", "eu-central-1", Fixed::new(ID, SECRET));
        let mut request = request(&address, body);
        signer.authorize(&mut request).await.unwrap();

        assert_eq!(
            request.uri().to_string(),
            address,
            "the address stays as it is"
        );
        let (own, given) = (again(&request, body, "bedrock"), authorization(&request));
        assert_eq!(given, own, "{path}");
    }
}

#[tokio::test]
async fn s3_takes_a_path_as_it_is() {
    let signer = SigV4::new("s3", "eu-central-1", Fixed::new(ID, SECRET));
    for path in [
        "/a%20b%3Ac/d",
        "/bucket//twice//",
        "/bucket/a/../b/./c",
        "/bucket/plus%2Bplus%20and%25percent",
        "/bucket/%C3%A4%E6%97%A5?partNumber=2&uploadId=a%2Fb%3D",
        "/bucket?list-type=2&prefix=a%20b%2B&delimiter=%2F",
        "/bucket/key?uploads",
    ] {
        let address = format!("https://s3.eu-central-1.amazonaws.com{path}");
        let mut request = request(&address, "");
        signer.authorize(&mut request).await.unwrap();
        assert_eq!(authorization(&request), again(&request, "", "s3"), "{path}");
        assert_eq!(request.uri().to_string(), address);
    }
}

#[tokio::test]
async fn s3_s_own_headers_are_signed_and_stay_as_they_are() {
    let signer = SigV4::new("s3", "eu-central-1", Fixed::new(ID, SECRET));
    let mut request = request("https://s3.eu-central-1.amazonaws.com/b/k", "x");
    let headers = request.headers_mut();
    headers.insert("x-amz-meta-who", "a   lot  of room".parse().unwrap());
    headers.insert("x-amz-copy-source", "/b/other%20key".parse().unwrap());
    headers.insert("range", "bytes=0-1".parse().unwrap());
    // Nobody but the signer says when it is.
    headers.insert("x-amz-date", "19700101T000000Z".parse().unwrap());
    signer.authorize(&mut request).await.unwrap();

    let names = ";x-amz-content-sha256;x-amz-copy-source;x-amz-date;x-amz-meta-who,";
    assert!(authorization(&request).contains(names), "{request:?}");
    assert_eq!(authorization(&request), again(&request, "x", "s3"));
    assert_eq!(request.headers()["x-amz-meta-who"], "a   lot  of room");

    let mut other = Request::post("https://example.com/")
        .body(Body::empty())
        .unwrap();
    other
        .headers_mut()
        .insert("x-amz-meta-who", "me".parse().unwrap());
    let signer = SigV4::new("bedrock", "eu-central-1", Fixed::new(ID, SECRET));
    signer.authorize(&mut other).await.unwrap();
    assert!(!authorization(&other).contains("x-amz-meta-who"));
}

#[tokio::test]
async fn a_large_body_is_signed_as_a_small_one_is() {
    let signer = SigV4::new("s3", "eu-central-1", Fixed::new(ID, SECRET));
    let body = "0123456789abcdef".repeat(40_000);
    let mut request = request("https://s3.eu-central-1.amazonaws.com/b/k", &body);
    signer.authorize(&mut request).await.unwrap();
    assert_eq!(authorization(&request), again(&request, &body, "s3"));
}

#[tokio::test]
async fn a_body_is_left_unsigned_over_tls_only() {
    let signer = SigV4::of_unsigned_bodies("eu-central-1", Fixed::new(ID, SECRET));
    for (address, body, expected) in [
        ("https://example.com/b/k", "x", Some("UNSIGNED-PAYLOAD")),
        ("http://example.com/b/k", "x", None),
        ("https://example.com/b/k", "", None),
    ] {
        let mut request = request(address, body);
        signer.authorize(&mut request).await.unwrap();
        let own = hex(&Sha256::digest(body));
        let given = &request.headers()["x-amz-content-sha256"];
        assert_eq!(given, expected.unwrap_or(&own), "{address}");
    }
}

/// The address of the example in S3's documentation, on the moment of now.
#[tokio::test]
async fn an_address_is_signed_as_s3_s_description_says() {
    let fixed = Fixed::new(ID, SECRET).session_token("to/ken+==");
    let signer = SigV4::new("s3", "eu-central-1", fixed);
    let lasts = std::time::Duration::from_secs(600);
    for path in ["/b/a%20b/../%C3%A4", "/b/k?versionId=1%2F2"] {
        let address = format!("https://s3.example.com:9000{path}");
        let request = Request::get(&address).header("user-agent", "x");
        let mut request = request.body(Body::empty()).unwrap();
        signer.presign(&mut request, lasts).await.unwrap();
        assert_eq!(
            request.headers().len(),
            1,
            "nothing but the address is signed"
        );

        let url = request.uri().to_string();
        let (signed, signature) = url.split_once("&X-Amz-Signature=").unwrap();
        assert!(signed.starts_with(&address), "{signed}");
        let uri: http::Uri = signed.parse().unwrap();
        let mut query: Vec<_> = uri.query().unwrap().split('&').collect();
        query.sort_unstable();
        for part in [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Expires=600",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Security-Token=to%2Fken%2B%3D%3D",
        ] {
            assert!(query.contains(&part), "{part}: {url}");
        }
        let date = query
            .iter()
            .find_map(|part| part.strip_prefix("X-Amz-Date="));
        let canonical = format!(
            "GET\n{}\n{}\nhost:s3.example.com:9000\n\nhost\nUNSIGNED-PAYLOAD",
            uri.path(),
            query.join("&")
        );
        let own = self::signature(&canonical, date.unwrap(), "eu-central-1", "s3");
        assert_eq!(signature, own, "{path}");
    }
}

#[tokio::test]
async fn addresses_that_cannot_be_are_refused() {
    use std::time::Duration;
    use trunkline_core::ErrorKind;

    let presign = async |service: &str, lasts: Duration| {
        let signer = SigV4::new(service, "eu-central-1", Fixed::new(ID, SECRET));
        let mut request = request("https://example.com/b/k", "");
        let outcome = signer.presign(&mut request, lasts).await;
        assert_eq!(request.uri(), "https://example.com/b/k");
        outcome.unwrap_err().kind()
    };
    let day = Duration::from_secs(86_400);
    assert_eq!(presign("bedrock", day).await, ErrorKind::Unsupported);
    assert_eq!(presign("s3", day * 8).await, ErrorKind::InvalidRequest);
    let short = Duration::from_millis(900);
    assert_eq!(presign("s3", short).await, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_session_s_token_is_signed_and_marked_as_secret() {
    let fixed = Fixed::new(ID, SECRET).session_token("canary-token");
    let signer = SigV4::new("bedrock", "eu-central-1", fixed);
    let mut request = request("https://example.com/model/m/converse", "{}");
    signer.authorize(&mut request).await.unwrap();

    let headers = request.headers();
    assert_eq!(headers["x-amz-security-token"], "canary-token");
    for name in ["authorization", "x-amz-security-token"] {
        assert!(headers[name].is_sensitive(), "{name}");
    }
    assert!(authorization(&request).contains(";x-amz-security-token,"));
    assert_eq!(authorization(&request), again(&request, "{}", "bedrock"));
    // What stands between may change these.
    assert!(!authorization(&request).contains("user-agent"));
}

#[tokio::test]
async fn nothing_of_credentials_is_shown() {
    let secrets = ["canary-id", "canary-secret", "canary-token"];
    let fixed = Fixed::new(secrets[0], secrets[1]).session_token(secrets[2]);
    let chain = Chain::new(HttpClient::shared()).vars([("AWS_SECRET_ACCESS_KEY", secrets[1])]);
    let mut shown = format!("{fixed:?}{chain:?}");
    let signer = SigV4::new("bedrock", "eu-central-1", fixed);
    let mut request = request("https://example.com/", "{}");
    signer.authorize(&mut request).await.unwrap();
    shown += &format!("{signer:?}{:?}", request.headers());
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_there_is_not_signed() {
    let signer = SigV4::new("bedrock", "eu-central-1", Fixed::new(ID, SECRET));
    let arriving = Body::new(Body::from("{}".as_bytes().to_vec()));
    let mut request = Request::post("https://example.com/")
        .body(arriving)
        .unwrap();
    assert!(signer.authorize(&mut request).await.is_err());
    assert!(request.headers().is_empty());
}

/// The computation itself, on the figures that AWS published with its test suite (`get-vanilla`).
#[test]
fn our_own_computation_gives_awss_published_signature() {
    let canonical = "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n\
                     e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let signature = signature(canonical, "20150830T123600Z", "us-east-1", "service");
    assert_eq!(
        signature,
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

fn request(address: &str, body: &str) -> Request<Body> {
    let request = Request::post(address)
        .header("content-type", "application/json")
        .header("user-agent", "trunkline/test");
    request.body(Body::from(body.as_bytes().to_vec())).unwrap()
}

fn authorization(request: &Request<Body>) -> &str {
    request.headers()[header::AUTHORIZATION].to_str().unwrap()
}

/// The header that a signed request should have.
fn again(request: &Request<Body>, body: &str, service: &str) -> String {
    let date = request.headers()["x-amz-date"].to_str().unwrap();
    assert_eq!(
        request.headers()["x-amz-content-sha256"],
        hex(&Sha256::digest(body))
    );
    let mut headers = vec![("host", request.uri().host().unwrap().to_owned())];
    for (name, value) in request.headers() {
        let usual = [
            "content-type",
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
        ];
        let of_s3 = service == "s3" && name.as_str().starts_with("x-amz-");
        if of_s3 || usual.contains(&name.as_str()) {
            let words: Vec<_> = value.to_str().unwrap().split_whitespace().collect();
            headers.push((name.as_str(), words.join(" ")));
        }
    }
    headers.sort_unstable();
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let path = request.uri().path();
    let path = if service == "s3" {
        path.to_owned()
    } else {
        encoded(path)
    };
    let query = request.uri().query().unwrap_or_default().split('&');
    // A name alone is one with nothing.
    let whole = |part: &str| match part.is_empty() || part.contains('=') {
        true => part.to_owned(),
        false => format!("{part}="),
    };
    let mut query: Vec<String> = query.map(whole).collect();
    query.sort_unstable();
    let canonical = format!(
        "{}\n{path}\n{}\n{lines}\n{names}\n{}",
        request.method(),
        query.join("&"),
        hex(&Sha256::digest(body)),
    );
    format!(
        "AWS4-HMAC-SHA256 Credential={ID}/{}/eu-central-1/{service}/aws4_request, SignedHeaders={names}, Signature={}",
        &date[..8],
        signature(&canonical, date, "eu-central-1", service),
    )
}

fn signature(canonical: &str, date: &str, region: &str, service: &str) -> String {
    let scope = format!("{}/{region}/{service}/aws4_request", &date[..8]);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut key = format!("AWS4{SECRET}").into_bytes();
    for piece in scope.split('/') {
        key = hmac(&key, piece.as_bytes());
    }
    hex(&hmac(&key, to_sign.as_bytes()))
}

/// RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let with = |pad: u8| block.map(|byte| byte ^ pad).to_vec();
    let inner = Sha256::digest([with(0x36), message.to_vec()].concat());
    Sha256::digest([with(0x5c), inner.to_vec()].concat()).to_vec()
}

/// Every byte but unreserved ones and slashes, percent signs included.
fn encoded(path: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    path.bytes().map(one).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
