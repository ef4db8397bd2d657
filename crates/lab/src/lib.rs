//! The code of README.md and docs, compiled and run as doctests: a package may not hold a file
//! from outside of it, so no published crate can do this.

macro_rules! pages {
    ($($name:ident: $path:literal,)+) => {
        $(#[cfg(doctest)]
        #[doc = include_str!(concat!("../../../", $path))]
        mod $name {})+

        /// Every page whose code is checked here.
        #[cfg(test)]
        const PAGES: &[&str] = &[$($path),+];
    };
}

pages! {
    readme: "README.md",
    architecture: "docs/architecture.md",
    errors: "docs/errors.md",
    stability: "docs/stability.md",
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::PAGES;

    #[test]
    fn a_page_with_rust_code_is_one_of_those_whose_code_is_checked() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for folder in ["docs", "docs/adr"] {
            for entry in fs::read_dir(root.join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let page = format!("{folder}/{name}");
                if !name.ends_with(".md") || PAGES.contains(&page.as_str()) {
                    continue;
                }
                let text = fs::read_to_string(root.join(&page)).unwrap();
                let rust = text.lines().any(|line| line.starts_with("```rust"));
                assert!(!rust, "{page} has Rust code; name it in `pages!`");
            }
        }
    }
}
