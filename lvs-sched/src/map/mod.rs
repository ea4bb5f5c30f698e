//! Maps: by hash, or in a build without the feature `fast` a list that is gone through.

#[cfg(feature = "fast")]
pub(crate) use hashbrown::HashMap;
#[cfg(not(feature = "fast"))]
pub(crate) use list::HashMap;

#[cfg(not(feature = "fast"))]
mod list;
