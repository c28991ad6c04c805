//! Names and strings (ISO 32000-2, 7.3.4 and 7.3.5).

use super::{Lexer, SyntaxError, is_regular, is_space};

impl Lexer<'_> {
    pub(super) fn name(&mut self) -> Result<Vec<u8>, SyntaxError> {
        if self.bump() != Some(b'/') {
            return Err(SyntaxError::Malformed);
        }
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|&b| is_regular(b)) {
            self.at += 1;
            let escaped = (byte == b'#')
                .then(|| self.rest().first_chunk::<2>())
                .flatten()
                .and_then(|&[high, low]| Some((hex_digit(high)? << 4) | hex_digit(low)?));
            if escaped.is_some() {
                self.at += 2;
            }
            name.push(escaped.unwrap_or(byte));
        }
        Ok(name)
    }

    pub(super) fn literal(&mut self) -> Result<Vec<u8>, SyntaxError> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1_usize;
        loop {
            match self.bump().ok_or(SyntaxError::Malformed)? {
                b'(' => {
                    open += 1;
                    text.push(b'(');
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(text);
                    }
                    text.push(b')');
                }
                b'\r' => {
                    self.skip_line_feed();
                    text.push(b'\n');
                }
                b'\\' => self.escape(&mut text)?,
                byte => text.push(byte),
            }
        }
    }

    fn skip_line_feed(&mut self) {
        if self.peek() == Some(b'\n') {
            self.at += 1;
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), SyntaxError> {
        match self.bump().ok_or(SyntaxError::Malformed)? {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\n' => {}
            b'\r' => self.skip_line_feed(),
            digit @ b'0'..=b'7' => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|b| (b'0'..=b'7').contains(b)) else {
                        break;
                    };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                // High-order overflow is ignored (7.3.4.2).
                text.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            byte => text.push(byte),
        }
        Ok(())
    }

    pub(super) fn hexadecimal(&mut self) -> Result<Vec<u8>, SyntaxError> {
        self.at += 1;
        let mut text = Vec::new();
        let mut high = None;
        loop {
            let byte = self.bump().ok_or(SyntaxError::Malformed)?;
            if byte == b'>' {
                text.extend(high.map(|high: u8| high << 4));
                return Ok(text);
            }
            if is_space(byte) {
                continue;
            }
            let digit = hex_digit(byte).ok_or(SyntaxError::Malformed)?;
            match high.take() {
                Some(high) => text.push((high << 4) | digit),
                None => high = Some(digit),
            }
        }
    }
}

pub(crate) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
