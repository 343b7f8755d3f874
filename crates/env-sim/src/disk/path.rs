//! From a path to what stands there.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::volume::{Inode, Node, ROOT, Volume, errno};

/// How many symbolic links a path may lead through.
const MOST_LINKS: usize = 40;

/// Where a path leads.
pub(super) struct Place {
    /// The folder and the name in it; `None` for the root.
    pub(super) name: Option<(u64, OsString)>,
    /// What stands there, if anything.
    pub(super) inode: Option<u64>,
    /// The path without symbolic links.
    pub(super) path: PathBuf,
}

impl Place {
    /// # Errors
    /// When nothing stands there.
    pub(super) fn existing(&self) -> io::Result<u64> {
        self.inode.ok_or_else(errno::not_found)
    }

    /// # Errors
    /// When it is the root.
    pub(super) fn named(self) -> io::Result<(u64, OsString)> {
        self.name.ok_or_else(errno::is_a_folder)
    }
}

impl Volume {
    /// Follows a path from the root, which is also the working directory; a symbolic link at its end is followed when
    /// `follow_last`.
    ///
    /// # Errors
    /// When a folder on the way is none or is absent, or there are too many links.
    pub(super) fn find(&self, path: &Path, follow_last: bool) -> io::Result<Place> {
        let mut rest: VecDeque<OsString> = components(path);
        let mut above: Vec<(u64, OsString)> = Vec::new();
        let mut folder = ROOT;
        let mut links = 0;
        while let Some(name) = rest.pop_front() {
            let names = self.names(folder)?;
            if name == ".." {
                folder = above.pop().map_or(ROOT, |(parent, _)| parent);
                continue;
            }
            let inode = names.now.get(&name).copied();
            if let Some(Inode { node: Node::Symlink(target), .. }) = inode.and_then(|inode| self.inodes.get(&inode))
                && (follow_last || !rest.is_empty())
            {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::other("too many levels of symbolic links"));
                }
                if target.is_absolute() {
                    above.clear();
                    folder = ROOT;
                }
                components(target).into_iter().rev().for_each(|name| rest.push_front(name));
                continue;
            }
            match inode {
                Some(inode) if !rest.is_empty() => {
                    above.push((folder, name));
                    folder = inode;
                }
                _ if rest.is_empty() => {
                    let path = full_path(&above).join(&name);
                    return Ok(Place { name: Some((folder, name)), inode, path });
                }
                _ => return Err(errno::not_found()),
            }
        }
        let path = full_path(&above);
        Ok(Place { name: above.pop(), inode: Some(folder), path })
    }
}

/// The names of a path; the empty path means the working directory.
fn components(path: &Path) -> VecDeque<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    names.collect()
}

fn full_path(above: &[(u64, OsString)]) -> PathBuf {
    Path::new("/").join(above.iter().map(|(_, name)| name).collect::<PathBuf>())
}
