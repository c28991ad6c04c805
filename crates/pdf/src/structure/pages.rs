//! The page tree (ISO 32000-2, 7.7.3), walked without recursion.

use std::collections::BTreeSet;

use lopdf::{Object, ObjectId};

use super::{Loaded, StructureError};

impl Loaded<'_> {
    /// The ids of all pages, in order. At least one.
    pub(crate) fn pages(&self) -> Result<Vec<ObjectId>, StructureError> {
        const NO_TREE: StructureError = StructureError::Malformed {
            why: "there is no page tree",
        };
        let (_, catalog) = self.catalog()?;
        let root = catalog
            .get(b"Pages")
            .and_then(Object::as_reference)
            .map_err(|_| NO_TREE)?;
        let too_many = StructureError::TooManyPages {
            limit: self.limits.max_pages,
        };
        let mut pages = Vec::new();
        let mut seen = BTreeSet::new();
        let mut stack = vec![(root, 1)];
        while let Some((id, depth)) = stack.pop() {
            if !seen.insert(id) {
                return Err(StructureError::PageTreeCycle);
            }
            if depth > self.limits.max_depth {
                return Err(StructureError::TooDeep {
                    limit: self.limits.max_depth,
                });
            }
            let Some(Object::Dictionary(node)) = self.parsed(id)?.map(|parsed| parsed.object) else {
                return Err(StructureError::Malformed {
                    why: "a page is missing",
                });
            };
            if !node.has(b"Kids") {
                pages.push(id);
                if pages.len() > self.limits.max_pages {
                    return Err(too_many);
                }
                continue;
            }
            let Object::Array(kids) = self.get(&node, b"Kids")? else {
                return Err(NO_TREE);
            };
            for kid in kids.iter().rev() {
                let kid = kid.as_reference().map_err(|_| NO_TREE)?;
                stack.push((kid, depth + 1));
            }
            // Inner nodes without pages must not make the walk long either.
            if seen.len() + stack.len()
                > self
                    .limits
                    .max_pages
                    .saturating_mul(2)
                    .saturating_add(self.limits.max_depth)
            {
                return Err(too_many);
            }
        }
        if pages.is_empty() {
            return Err(StructureError::Malformed {
                why: "there are no pages",
            });
        }
        Ok(pages)
    }
}
