//! Reading single objects of an open file.

use std::ops::Range;
use std::rc::Rc;

use lopdf::{Dictionary, Object, ObjectId, Stream, encryption};

use crate::Limits;

use super::lexer::{Lexer, is_space};
use super::{Entry, Loaded, Stop, StructureError, stop};

/// A reference that leads to a reference, and so on, is followed this far.
const MAX_HOPS: usize = 16;
/// An indirect `/Length` in an object stream whose own `/Length` is indirect, and so on.
const MAX_NESTED_LENGTHS: u8 = 4;

/// One object as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    /// The object; of a stream only its dictionary. Decrypted.
    pub(crate) object: Object,
    /// Where a stream's data is in the file.
    pub(crate) stream: Option<Range<usize>>,
    /// Where the object is in the file: from its number to the end of its value. `None` within an object stream.
    pub(crate) span: Option<Range<usize>>,
}

/// An inflated object stream.
pub(crate) struct ObjectStream {
    data: Vec<u8>,
    /// Number and offset of each object in it.
    pub(super) members: Vec<(u32, usize)>,
}

impl Loaded<'_> {
    /// The object of that id, with a stream's data still encoded. Missing objects are null (ISO 32000-2, 7.3.10).
    pub(crate) fn object(&self, id: ObjectId) -> Result<Object, StructureError> {
        let Some(parsed) = self.parsed(id)? else {
            return Ok(Object::Null);
        };
        let Some(range) = parsed.stream else {
            return Ok(parsed.object);
        };
        let Object::Dictionary(dictionary) = parsed.object else {
            return Ok(Object::Null);
        };
        self.stream(id, dictionary, range)
            .map(Object::Stream)
            .map_err(Self::lazily)
    }

    /// Follows references until something else comes. Cycles and missing objects are null.
    pub(crate) fn resolve(&self, object: &Object) -> Result<Object, StructureError> {
        let mut current = object.clone();
        for _ in 0..MAX_HOPS {
            match current {
                Object::Reference(id) => current = self.object(id)?,
                other => return Ok(other),
            }
        }
        Ok(Object::Null)
    }

    /// The value of `key`, resolved; null when absent.
    pub(crate) fn get(&self, dictionary: &Dictionary, key: &[u8]) -> Result<Object, StructureError> {
        dictionary
            .get(key)
            .map_or(Ok(Object::Null), |value| self.resolve(value))
    }

    /// The value of `key`, resolved, if it is a dictionary.
    pub(crate) fn get_dict(&self, dictionary: &Dictionary, key: &[u8]) -> Result<Option<Dictionary>, StructureError> {
        Ok(match self.get(dictionary, key)? {
            Object::Dictionary(dictionary) => Some(dictionary),
            Object::Stream(stream) => Some(stream.dict),
            _ => None,
        })
    }

    /// The document catalog and its id.
    pub(crate) fn catalog(&self) -> Result<(ObjectId, Dictionary), StructureError> {
        const BAD: StructureError = StructureError::Malformed {
            why: "there is no catalog",
        };
        let root = self
            .trailer
            .get(b"Root")
            .and_then(Object::as_reference)
            .map_err(|_| BAD)?;
        match self.object(root)? {
            Object::Dictionary(catalog) => Ok((root, catalog)),
            _ => Err(BAD),
        }
    }

    /// The object of that id without a stream's data. `None` when it is missing.
    pub(crate) fn parsed(&self, id: ObjectId) -> Result<Option<Parsed>, StructureError> {
        match self.try_parsed(id) {
            // What a repair cannot bring back is missing.
            Err(Stop::Damaged(_)) if self.repaired.is_some() => Ok(None),
            result => result.map_err(Self::lazily),
        }
    }

    /// Reads every object once. An object that cannot be read means that the file is damaged.
    pub(crate) fn each(
        &self,
        mut visit: impl FnMut(u32, &Parsed) -> Result<(), StructureError>,
    ) -> Result<(), StructureError> {
        for (&number, entry) in &self.xref {
            let generation = match *entry {
                Entry::Free => continue,
                Entry::At { generation, .. } => generation,
                Entry::In { .. } => 0,
            };
            if let Some(parsed) = self.parsed((number, generation))? {
                visit(number, &parsed)?;
            }
        }
        Ok(())
    }

    /// A stream's data, decoded. `None` when it is over `limit` bytes or in a filter that is not known, such as a picture's.
    /// What is decoded counts towards [`crate::Limits::max_decompressed_bytes`] of the file.
    pub(crate) fn decoded(&self, stream: &Stream, limit: usize) -> Option<Vec<u8>> {
        let limits = Limits {
            max_decompressed_bytes: limit.min(self.limits.max_decompressed_bytes),
            ..self.limits
        };
        self.meter.inflate(stream, &limits).ok()
    }

    /// Bytes of the file.
    pub(crate) fn bytes_at(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Inflates an object stream for its size alone. Whether it is readable does not matter.
    pub(crate) fn count_object_stream(&self, number: u32) -> Result<(), StructureError> {
        match self.object_stream(number) {
            Ok(_) | Err(Stop::Damaged(_)) => Ok(()),
            Err(Stop::Refused(error)) => Err(error),
        }
    }

    fn lazily(stop: Stop) -> StructureError {
        match stop {
            Stop::Damaged(why) => StructureError::Malformed { why },
            Stop::Refused(error) => error,
        }
    }

    pub(super) fn try_parsed(&self, id: ObjectId) -> Result<Option<Parsed>, Stop> {
        match self.xref.get(&id.0) {
            Some(&Entry::At { offset, generation }) if generation == id.1 => self.at(offset, id).map(Some),
            Some(&Entry::In { container, index }) if id.1 == 0 => self.within(container, index, id.0).map(Some),
            Some(Entry::Free | Entry::At { .. } | Entry::In { .. }) | None => Ok(None),
        }
    }

    fn at(&self, offset: usize, id: ObjectId) -> Result<Parsed, Stop> {
        let mut lexer = Lexer::new(self.bytes, offset, &self.limits).lenient(self.repaired.is_some());
        if lexer.indirect_header() != Some(id) {
            return Err(Stop::Damaged("a cross-reference entry points at something else"));
        }
        let object = lexer.object();
        self.meter.spend(lexer.work_since(offset), &self.limits)?;
        let mut object = object.map_err(|error| stop(error, &self.limits))?;
        let span = offset..lexer.at();
        let stream = match (&object, lexer.stream_start()) {
            (Object::Dictionary(dictionary), Some(start)) => Some(self.data(dictionary, start)?),
            (_, Some(_)) => return Err(Stop::Damaged("a stream has no dictionary")),
            // Some producers forget `endobj`; what comes next must still be the end of the object.
            (_, None) if lexer.keyword(b"endobj") || self.repaired.is_some() => None,
            (_, None) => return Err(Stop::Damaged("an object does not end")),
        };
        self.decrypt(id, &mut object);
        Ok(Parsed {
            object,
            stream,
            span: Some(span),
        })
    }

    /// Where a stream's data ends. In a repaired file the word `endstream` decides when `/Length` is wrong.
    fn data(&self, dictionary: &Dictionary, start: usize) -> Result<Range<usize>, Stop> {
        const BAD: Stop = Stop::Damaged("the length of a stream is wrong");
        let length = self.length(dictionary)?;
        if let Some(end) = length.and_then(|length| start.checked_add(length))
            && let Some(rest) = self.bytes.get(end..)
            && rest
                .iter()
                .position(|&b| !is_space(b))
                .is_some_and(|skip| skip <= 2 && rest.get(skip..).is_some_and(|rest| rest.starts_with(b"endstream")))
        {
            return Ok(start..end);
        }
        if self.repaired.is_none() {
            return Err(BAD);
        }
        let rest = self.bytes.get(start..).ok_or(BAD)?;
        let length = memchr::memmem::find(rest, b"endstream").ok_or(BAD)?;
        self.meter.spend(length, &self.limits)?;
        let data = rest.get(..length).unwrap_or_default();
        let data = data.strip_suffix(b"\n").unwrap_or(data);
        let data = data.strip_suffix(b"\r").unwrap_or(data);
        Ok(start..start + data.len())
    }

    fn length(&self, dictionary: &Dictionary) -> Result<Option<usize>, Stop> {
        let length = match dictionary.get(b"Length") {
            Ok(Object::Integer(length)) => Some(*length),
            Ok(&Object::Reference(id)) if self.nested_lengths.get() < MAX_NESTED_LENGTHS => {
                self.nested_lengths.set(self.nested_lengths.get() + 1);
                let parsed = self.try_parsed(id);
                self.nested_lengths.set(self.nested_lengths.get() - 1);
                parsed?.and_then(|parsed| parsed.object.as_i64().ok())
            }
            _ => None,
        };
        Ok(length.and_then(|length| usize::try_from(length).ok()))
    }

    fn within(&self, container: u32, index: u32, number: u32) -> Result<Parsed, Stop> {
        const BAD: Stop = Stop::Damaged("an object is not in its object stream");
        let stream = self.object_stream(container)?;
        let member = usize::try_from(index).ok().and_then(|index| stream.members.get(index));
        let &(found, offset) = member.ok_or(BAD)?;
        if found != number {
            return Err(BAD);
        }
        let mut lexer = Lexer::new(&stream.data, offset, &self.limits).lenient(self.repaired.is_some());
        let object = lexer.object();
        self.meter.spend(lexer.work_since(offset), &self.limits)?;
        let object = object.map_err(|error| stop(error, &self.limits))?;
        Ok(Parsed {
            object,
            stream: None,
            span: None,
        })
    }

    /// The object stream of that number, inflated once and kept.
    pub(super) fn object_stream(&self, number: u32) -> Result<Rc<ObjectStream>, Stop> {
        const BAD: Stop = Stop::Damaged("an object stream is not readable");
        if let Some(stream) = self.streams.borrow().get(&number) {
            return Ok(Rc::clone(stream));
        }
        let Some(&Entry::At { generation, .. }) = self.xref.get(&number) else {
            return Err(BAD);
        };
        let id = (number, generation);
        let parsed = self.try_parsed(id)?.ok_or(BAD)?;
        let (Object::Dictionary(dictionary), Some(range)) = (parsed.object, parsed.stream) else {
            return Err(BAD);
        };
        if !dictionary.has_type(b"ObjStm") {
            return Err(BAD);
        }
        let stream = self.stream(id, dictionary, range)?;
        let data = self.meter.inflate(&stream, &self.limits)?;
        let number_of = |key| {
            stream
                .dict
                .get(key)
                .and_then(Object::as_i64)
                .ok()
                .and_then(|n| usize::try_from(n).ok())
        };
        let (count, first) = (number_of(b"N").ok_or(BAD)?, number_of(b"First").ok_or(BAD)?);
        let mut members = Vec::new();
        let mut lexer = Lexer::new(&data, 0, &self.limits);
        for _ in 0..count {
            let number = lexer.unsigned().and_then(|n| u32::try_from(n).ok()).ok_or(BAD)?;
            let offset = lexer.unsigned().and_then(|n| usize::try_from(n).ok()).ok_or(BAD)?;
            members.push((number, first.checked_add(offset).ok_or(BAD)?));
            if members.len() > self.limits.max_objects {
                return Err(StructureError::TooManyObjects {
                    limit: self.limits.max_objects,
                }
                .into());
            }
        }
        self.meter.spend(lexer.at(), &self.limits)?;
        let stream = Rc::new(ObjectStream { data, members });
        self.streams.borrow_mut().insert(number, Rc::clone(&stream));
        Ok(stream)
    }

    /// Decrypts the strings of an object, or of a stream's dictionary.
    fn decrypt(&self, id: ObjectId, object: &mut Object) {
        let encrypt = self.trailer.get(b"Encrypt").and_then(Object::as_reference).ok();
        if let Some(state) = self.encryption.as_ref().filter(|_| encrypt != Some(id)) {
            // What does not decrypt stays as it is: a broken string is no reason to lose the rest.
            let _ = encryption::decrypt_object(state, id, object);
        }
    }

    /// A stream of the file with its data in clear. The strings of `dictionary` are already in clear.
    fn stream(&self, id: ObjectId, dictionary: Dictionary, range: Range<usize>) -> Result<Stream, Stop> {
        let content = self.bytes.get(range).unwrap_or_default().to_vec();
        let mut stream = Stream {
            dict: dictionary,
            content,
            allows_compression: false,
            start_position: None,
        };
        if let Some(state) = &self.encryption {
            // Only what chooses the crypt filter, so that no string is decrypted twice.
            let mut chooses = Dictionary::new();
            for key in [&b"Type"[..], b"Filter", b"DecodeParms"] {
                if let Ok(value) = stream.dict.get(key) {
                    chooses.set(key, value.clone());
                }
            }
            let content = std::mem::take(&mut stream.content);
            let mut object = Object::Stream(Stream {
                dict: chooses,
                content,
                ..stream.clone()
            });
            encryption::decrypt_object(state, id, &mut object)
                .map_err(|_| Stop::Damaged("a stream does not decrypt"))?;
            if let Object::Stream(clear) = object {
                stream.set_content(clear.content);
            }
        }
        Ok(stream)
    }
}
