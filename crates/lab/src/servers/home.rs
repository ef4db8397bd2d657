//! Where servers are installed, and how what is installed is found.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The folder that holds a folder for each server.
#[derive(Clone, Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// The one that was told, or `TRUNKLINE_SERVERS`, or one in the user's cache.
    pub(crate) fn of(
        told: Option<PathBuf>,
        var: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self> {
        let of = |name: &str| {
            var(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let cache = || of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")));
        told.or_else(|| of("TRUNKLINE_SERVERS"))
            .or_else(|| Some(cache()?.join("trunkline-servers")))
            .map(Self)
            .context("no place for servers: set TRUNKLINE_SERVERS, or give --home DIR")
    }

    /// The folder of one server, which need not be there.
    pub(crate) fn folder(&self, server: &str) -> PathBuf {
        let folder = self.0.join(server);
        std::path::absolute(&folder).unwrap_or(folder)
    }

    /// A program of a server: in its folder, in its Python environment, or on the PATH.
    pub(crate) fn program(&self, server: &str, program: &str) -> Option<PathBuf> {
        self.program_of(server, program)
            .or_else(|| on_path(program))
    }

    /// A program of a server that is of no use from elsewhere.
    pub(crate) fn program_of(&self, server: &str, program: &str) -> Option<PathBuf> {
        let folder = self.folder(server);
        [folder.join("bin"), folder.join("venv/bin")]
            .map(|bin| bin.join(program))
            .into_iter()
            .find(|path| path.is_file())
    }

    /// The folder of a server's Python packages.
    pub(crate) fn site_packages(&self, server: &str) -> Option<PathBuf> {
        let libraries = fs::read_dir(self.folder(server).join("venv/lib")).ok()?;
        libraries
            .flatten()
            .map(|lib| lib.path().join("site-packages"))
            .find(|path| path.is_dir())
    }

    /// The version that an installation of ours left word of.
    pub(crate) fn noted_version(&self, server: &str) -> Option<String> {
        fs::read_to_string(self.folder(server).join("installed")).ok()
    }

    /// The version of a Python distribution in a server's environment.
    pub(crate) fn python_version(&self, server: &str, distribution: &str) -> Option<String> {
        let prefix = format!("{}-", distribution.replace('-', "_"));
        let mut entries = fs::read_dir(self.site_packages(server)?).ok()?.flatten();
        entries.find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(&prefix)?.strip_suffix(".dist-info")?;
            Some(version.to_owned())
        })
    }

    /// The version of an npm package in a server's folder.
    pub(crate) fn npm_version(&self, server: &str, package: &str) -> Option<String> {
        let manifest = npm_package(&self.folder(server), package).join("package.json");
        let manifest: serde_json::Value = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
        Some(manifest.get("version")?.as_str()?.to_owned())
    }
}

/// Where npm puts a package below a folder.
pub(crate) fn npm_package(folder: &Path, package: &str) -> PathBuf {
    folder.join("node_modules").join(package)
}

/// A program on the PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(told: Option<&str>, vars: &[(&str, &str)]) -> Result<PathBuf> {
        let var = |name: &str| {
            let mut vars = vars.iter();
            vars.find(|(of, _)| *of == name)
                .map(|(_, value)| OsString::from(value))
        };
        Home::of(told.map(PathBuf::from), &var).map(|home| home.0)
    }

    #[test]
    fn the_folder_is_the_one_told_or_named_by_a_variable_or_in_the_cache() {
        let vars = [
            ("TRUNKLINE_SERVERS", "/v"),
            ("XDG_CACHE_HOME", "/c"),
            ("HOME", "/h"),
        ];
        assert_eq!(home(Some("/t"), &vars).unwrap(), Path::new("/t"));
        assert_eq!(home(None, &vars).unwrap(), Path::new("/v"));
        let empty = [("TRUNKLINE_SERVERS", ""), ("XDG_CACHE_HOME", "/c")];
        assert_eq!(
            home(None, &empty).unwrap(),
            Path::new("/c/trunkline-servers")
        );
        let only = [("HOME", "/h")];
        assert_eq!(
            home(None, &only).unwrap(),
            Path::new("/h/.cache/trunkline-servers")
        );
        assert!(home(None, &[]).is_err());
    }

    #[test]
    fn what_npm_and_pip_installed_is_found_with_its_version() {
        let folder = env::temp_dir().join(format!("trunkline-home-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "mock/node_modules/@a/mock/package.json",
            r#"{"version":"1.2.3"}"#,
        );
        write("proxy/venv/bin/a-proxy-of-no-path", "");
        write(
            "proxy/venv/lib/python3.11/site-packages/some_proxy-4.5.dist-info/METADATA",
            "",
        );

        let home = Home(folder.clone());
        assert_eq!(home.npm_version("mock", "@a/mock").unwrap(), "1.2.3");
        assert_eq!(home.npm_version("proxy", "@a/mock"), None);
        assert_eq!(home.python_version("proxy", "some-proxy").unwrap(), "4.5");
        assert_eq!(home.python_version("proxy", "proxy"), None);
        assert!(home.program("proxy", "a-proxy-of-no-path").is_some());
        assert!(home.program("mock", "a-proxy-of-no-path").is_none());
        fs::remove_dir_all(folder).unwrap();
    }
}
