//! Writing several files as one: all of them, or what was there before.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// What was done, so that it can be undone.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Files that are new.
    created: Vec<PathBuf>,
    /// Folders that are new, the outer ones first.
    folders: Vec<PathBuf>,
    /// Files that were there, as they were.
    edited: Vec<(PathBuf, Vec<u8>)>,
}

impl Written {
    /// Remembers a file that others will edit.
    pub(super) fn remember(&mut self, path: PathBuf) -> Result<()> {
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        self.edited.push((path, text));
        Ok(())
    }

    /// Writes a file that must not be there.
    pub(super) fn create(&mut self, path: &Path, text: &str) -> Result<()> {
        ensure!(
            !path.exists(),
            "{} exists; it is not overwritten",
            path.display()
        );
        let mut missing: Vec<PathBuf> = path
            .ancestors()
            .skip(1)
            .take_while(|folder| !folder.exists())
            .map(Path::to_path_buf)
            .collect();
        missing.reverse();
        for folder in missing {
            fs::create_dir(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            self.folders.push(folder);
        }
        self.created.push(path.to_path_buf());
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Writes over a file that is there.
    pub(super) fn edit(&mut self, path: &Path, text: &str) -> Result<()> {
        self.remember(path.to_path_buf())?;
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Puts everything back. What cannot be put back is told, and the rest is done.
    pub(super) fn undo(self) {
        let tell = |path: &Path, result: std::io::Result<()>| {
            if let Err(error) = result {
                eprintln!(
                    "cannot put {} back: {error}; `git checkout` it",
                    path.display()
                );
            }
        };
        for (path, text) in self.edited {
            tell(&path, fs::write(&path, text));
        }
        for path in self.created {
            if path.exists() {
                tell(&path, fs::remove_file(&path));
            }
        }
        // What a tool left in our folders goes with them.
        for folder in self.folders.iter().rev() {
            if folder.exists() {
                tell(folder, fs::remove_dir_all(folder));
            }
        }
    }
}
