//! Forms with files in them.
//!
//! <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>

use http::{HeaderValue, Method, header};
use trunkline_core::{Class, Error, ErrorKind, Result, raw::RawRequest};

use crate::files::File;

/// A form on its way out.
#[derive(Debug, Default)]
pub(crate) struct Form<'a>(Vec<Field<'a>>);

#[derive(Debug)]
enum Field<'a> {
    Text(&'static str, String),
    File(&'static str, &'a File),
}

impl<'a> Form<'a> {
    /// Adds a field.
    pub(crate) fn text(&mut self, name: &'static str, value: impl ToString) {
        self.0.push(Field::Text(name, value.to_string()));
    }

    /// Adds a field that may not be set.
    pub(crate) fn maybe(&mut self, name: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// Adds a file.
    pub(crate) fn file(&mut self, name: &'static str, file: &'a File) {
        self.0.push(Field::File(name, file));
    }

    /// The request that sends it to `path`.
    pub(crate) fn post(&self, path: &str, class: Class) -> Result<RawRequest> {
        let boundary = self.boundary();
        let mut body = Vec::with_capacity(self.room());
        for field in &self.0 {
            let (name, more, content) = match field {
                Field::Text(name, value) => (name, String::new(), value.as_bytes()),
                Field::File(name, file) => {
                    let kind = HeaderValue::from_str(&file.media_type).map_err(|cause| {
                        let what = "the type of a file has characters that no header may have";
                        Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
                    })?;
                    let kind = kind.to_str().unwrap_or("application/octet-stream");
                    let more = format!(
                        "; filename=\"{}\"\r\ncontent-type: {kind}",
                        escaped(&file.name)
                    );
                    (name, more, &*file.content)
                }
            };
            let head = format!(
                "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let mut request = RawRequest::new(Method::POST, path, body, class);
        let kind = format!("multipart/form-data; boundary={boundary}");
        let kind = HeaderValue::from_str(&kind)
            .map_err(|cause| Error::config("a form's boundary is no header").with_source(cause))?;
        request.headers.insert(header::CONTENT_TYPE, kind);
        Ok(request)
    }

    fn contents(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|field| match field {
            Field::Text(_, value) => value.as_bytes(),
            Field::File(_, file) => &*file.content,
        })
    }

    fn room(&self) -> usize {
        self.contents().map(|content| content.len() + 256).sum()
    }

    /// What stands between the fields and in none of them. The same form has the same one, so that a
    /// request that is sent again is the same request.
    fn boundary(&self) -> String {
        (0_u32..)
            .map(|number| format!("trunkline-opea-form-{number}"))
            .find(|boundary| {
                let boundary = boundary.as_bytes();
                !self.contents().any(|content| {
                    content
                        .windows(boundary.len())
                        .any(|window| window == boundary)
                })
            })
            .unwrap_or_default()
    }
}

/// A file's name as the standard escapes it.
fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(form: &Form<'_>) -> String {
        let request = form.post("/x", Class::Effect).unwrap();
        String::from_utf8(request.body.to_vec()).unwrap()
    }

    #[test]
    fn a_name_cannot_leave_its_place() {
        let file = File::new("a\"\r\nx-evil: 1\r\n\r\n.txt", "text/plain", "words");
        let mut form = Form::default();
        form.file("files", &file);
        let text = body(&form);
        assert!(text.contains("filename=\"a%22%0D%0Ax-evil: 1%0D%0A%0D%0A.txt\"\r\ncontent-type: text/plain\r\n\r\nwords\r\n--"));
        let kind = File::new("a", "text/plain\r\nx-evil: 1", "words");
        let mut form = Form::default();
        form.file("files", &kind);
        assert_eq!(
            form.post("/x", Class::Effect).unwrap_err().kind(),
            ErrorKind::InvalidRequest
        );
    }

    #[test]
    fn the_boundary_is_in_none_of_the_contents() {
        let file = File::new("a", "text/plain", "--trunkline-opea-form-0--");
        let mut form = Form::default();
        form.file("files", &file);
        form.text("note", "trunkline-opea-form-1");
        assert!(body(&form).ends_with("\r\n--trunkline-opea-form-2--\r\n"));
    }
}
