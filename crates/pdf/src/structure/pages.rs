//! The page tree (ISO 32000-2, 7.7.3), walked without recursion.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Object, ObjectId};

use super::{Loaded, StructureError};

/// The pages and the nodes above them.
pub(crate) struct PageTree {
    /// The ids of all pages, in order. At least one.
    pub(crate) pages: Vec<ObjectId>,
    /// How many pages each inner node has.
    pub(crate) counts: BTreeMap<ObjectId, i64>,
    /// Each inner node says in `/Count` how many it has.
    pub(crate) is_counted: bool,
}

impl Loaded<'_> {
    /// The ids of all pages, in order. At least one.
    pub(crate) fn pages(&self) -> Result<Vec<ObjectId>, StructureError> {
        Ok(self.page_tree()?.pages)
    }

    pub(crate) fn page_tree(&self) -> Result<PageTree, StructureError> {
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
        // The inner nodes with what they say and what they have, and those above the next one.
        let mut nodes: BTreeMap<ObjectId, (Option<i64>, i64)> = BTreeMap::new();
        let mut above: Vec<ObjectId> = Vec::new();
        let mut stack = vec![(root, 0)];
        while let Some((id, depth)) = stack.pop() {
            if !seen.insert(id) {
                return Err(StructureError::PageTreeCycle);
            }
            if depth >= self.limits.max_depth {
                return Err(StructureError::TooDeep {
                    limit: self.limits.max_depth,
                });
            }
            above.truncate(depth);
            let Some(Object::Dictionary(node)) = self.parsed(id)?.map(|parsed| parsed.object) else {
                return Err(StructureError::Malformed {
                    why: "a page is missing",
                });
            };
            if !node.has(b"Kids") {
                // Some producers leave the type away.
                if node.has(b"Type") && !matches!(self.get(&node, b"Type")?, Object::Name(kind) if kind == b"Page") {
                    return Err(StructureError::Malformed {
                        why: "something in the page tree is no page",
                    });
                }
                pages.push(id);
                if pages.len() > self.limits.max_pages {
                    return Err(too_many);
                }
                for node in &above {
                    if let Some((_, pages)) = nodes.get_mut(node) {
                        *pages += 1;
                    }
                }
                continue;
            }
            let Object::Array(kids) = self.get(&node, b"Kids")? else {
                return Err(NO_TREE);
            };
            nodes.insert(id, (self.get(&node, b"Count")?.as_i64().ok(), 0));
            above.push(id);
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
        Ok(PageTree {
            pages,
            is_counted: nodes.values().all(|(said, found)| *said == Some(*found)),
            counts: nodes.into_iter().map(|(id, (_, found))| (id, found)).collect(),
        })
    }
}
