//! TLS: which cryptography, whom to trust, and the handshake.

use std::{
    error::Error as StdError,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::dial::Peer;
use crate::{Phase, TransportError, TransportErrorKind};

/// Which cryptography TLS stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crypto {
    /// aws-lc-rs, with post-quantum key exchange: what is taken where it is compiled in.
    #[cfg(feature = "aws-lc-rs")]
    AwsLcRs,
    /// ring, for targets without a C toolchain for aws-lc.
    #[cfg(feature = "ring")]
    Ring,
}

/// Whose certificates are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The platform's store, with its company CAs: what is taken where it is compiled in.
    #[cfg(feature = "platform-roots")]
    Platform,
    /// Mozilla's list as of this build, for containers without a store.
    #[cfg(feature = "webpki-roots")]
    WebPki,
    /// Only what [`root_certificate`](super::Builder::root_certificate) adds.
    Added,
}

// Which of these is the last line depends on the features.
#[allow(clippy::needless_return, unreachable_code)]
impl Crypto {
    fn preferred() -> Option<Self> {
        #[cfg(feature = "aws-lc-rs")]
        return Some(Self::AwsLcRs);
        #[cfg(feature = "ring")]
        return Some(Self::Ring);
        None
    }

    fn provider(self) -> CryptoProvider {
        match self {
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => rustls::crypto::aws_lc_rs::default_provider(),
            #[cfg(feature = "ring")]
            Self::Ring => rustls::crypto::ring::default_provider(),
        }
    }
}

#[allow(clippy::needless_return, unreachable_code)]
impl Roots {
    fn preferred() -> Self {
        #[cfg(feature = "platform-roots")]
        return Self::Platform;
        #[cfg(feature = "webpki-roots")]
        return Self::WebPki;
        Self::Added
    }
}

/// What the builder collected.
#[derive(Clone, Default)]
pub(super) struct TlsSettings {
    pub(super) crypto: Option<Crypto>,
    pub(super) roots: Option<Roots>,
    pub(super) added: Vec<CertificateDer<'static>>,
}

impl TlsSettings {
    pub(super) fn add(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        let before = self.added.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| {
                config("the root certificate is not valid PEM").with_source(error)
            })?;
            self.added.push(certificate);
        }
        if self.added.len() == before {
            return Err(config(
                "the root certificate holds no PEM block named CERTIFICATE",
            ));
        }
        Ok(())
    }
}

/// TLS as one transport uses it. Costs nothing until the first https connection.
pub(super) struct Tls {
    settings: TlsSettings,
    alpn: &'static [&'static [u8]],
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    pub(super) fn new(settings: TlsSettings, alpn: &'static [&'static [u8]]) -> Self {
        Self {
            settings,
            alpn,
            config: OnceCell::new(),
        }
    }

    pub(super) async fn handshake<S>(
        &self,
        peer: Peer<'_>,
        stream: S,
    ) -> Result<TlsStream<S>, TransportError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(peer.host.to_owned()).map_err(|error| {
            config("the URL's host is no name that TLS knows").with_source(error)
        })?;
        let config = self.config.get_or_try_init(|| self.configure()).await?;
        TlsConnector::from(Arc::clone(config))
            .connect(name, stream)
            .await
            .map_err(|error| failed(peer, error))
    }

    /// Reads the system's roots from its disk: not on the runtime's own threads.
    async fn configure(&self) -> Result<Arc<ClientConfig>, TransportError> {
        let settings = self.settings.clone();
        let alpn = self.alpn;
        tokio::task::spawn_blocking(move || configure(&settings, alpn))
            .await
            .map_err(|error| config("TLS could not be set up").with_source(error))?
    }
}

fn configure(settings: &TlsSettings, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, TransportError> {
    let crypto = settings.crypto.or_else(Crypto::preferred).ok_or_else(|| {
        config("https needs cryptography: enable the feature `aws-lc-rs` or `ring`")
    })?;
    let roots = settings.roots.unwrap_or_else(Roots::preferred);
    let verifier = verifier(crypto, roots, &settings.added)?;
    // The default versions are 1.2 and 1.3. No key log is ever set.
    let mut client = ClientConfig::builder_with_provider(Arc::new(crypto.provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| config("no TLS version could be set up").with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    client.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(client))
}

type Verifier = Arc<dyn ServerCertVerifier>;

/// Verifiers without certificates of one's own, kept for the whole process: loading the system's
/// roots takes milliseconds.
static VERIFIERS: Mutex<Vec<(Crypto, Roots, Verifier)>> = Mutex::new(Vec::new());

fn verifier(
    crypto: Crypto,
    roots: Roots,
    added: &[CertificateDer<'static>],
) -> Result<Verifier, TransportError> {
    if !added.is_empty() {
        return build_verifier(crypto, roots, added);
    }
    let mut known = VERIFIERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((.., verifier)) = known
        .iter()
        .find(|known| (known.0, known.1) == (crypto, roots))
    {
        return Ok(Arc::clone(verifier));
    }
    let verifier = build_verifier(crypto, roots, added)?;
    known.push((crypto, roots, Arc::clone(&verifier)));
    Ok(verifier)
}

fn build_verifier(
    crypto: Crypto,
    roots: Roots,
    added: &[CertificateDer<'static>],
) -> Result<Verifier, TransportError> {
    let provider = Arc::new(crypto.provider());
    let mut store = RootCertStore::empty();
    match roots {
        #[cfg(feature = "platform-roots")]
        Roots::Platform => {
            use rustls_platform_verifier::Verifier;
            return match Verifier::new_with_extra_roots(added.iter().cloned(), provider) {
                Ok(verifier) => Ok(Arc::new(verifier)),
                Err(error) => Err(config(
                    "the platform's root certificates could not be loaded: \
                     install them (ca-certificates), or use `Roots::WebPki`",
                )
                .with_source(error)),
            };
        }
        #[cfg(feature = "webpki-roots")]
        Roots::WebPki => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::Added => {}
    }
    for certificate in added {
        store
            .add(certificate.clone())
            .map_err(|error| config("a root certificate cannot be used").with_source(error))?;
    }
    match WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build() {
        Ok(verifier) => Ok(verifier),
        Err(error) => Err(config(
            "https trusts no root certificate: enable the feature `platform-roots` or \
             `webpki-roots`, or add one with `root_certificate`",
        )
        .with_source(error)),
    }
}

fn config(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Config, message)
}

/// What the peer does wrong is not to be repeated; a connection that breaks is.
fn failed(peer: Peer<'_>, error: io::Error) -> TransportError {
    let rustls = error
        .get_ref()
        .is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>);
    let (kind, what) = if rustls {
        (
            TransportErrorKind::Tls,
            "TLS was refused: check the certificate, its roots, and that the port speaks TLS",
        )
    } else {
        (
            TransportErrorKind::Connect,
            "the connection broke during the TLS handshake",
        )
    };
    TransportError::new(kind, format!("{peer}: {what}"))
        .with_phase(Phase::Tls)
        .with_source(error)
}
