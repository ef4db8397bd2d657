//! Files that are sent to a service.

use bytes::Bytes;

/// A file as it is sent: its name, its type and what is in it.
///
/// ```
/// use trunkline_opea::File;
///
/// let file = File::new("tides.txt", "text/plain", "High water is at six.");
/// assert_eq!(file.content.len(), 21);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct File {
    /// Its name. What the service does with it goes by its ending: `tides.pdf`.
    pub name: String,
    /// Its media type. DocSum reads `text/plain`, `application/pdf` and Word's.
    pub media_type: String,
    /// What is in it.
    pub content: Bytes,
}

impl File {
    /// A file of this name and type.
    pub fn new(
        name: impl Into<String>,
        media_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        Self {
            name: name.into(),
            media_type: media_type.into(),
            content: content.into(),
        }
    }
}
