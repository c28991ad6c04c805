//! Answers: checked against their form, and encrypted where they are kept.

use kernel::TenantId;
use platform::{Caller, Problem, Sealed, Stored};

use super::Letters;
use super::refusals::{busy, failed, no_such_type, wrong_answers};
use crate::ids::{LetterId, TypeCode};
use crate::letter::Letter;
use crate::letter_type::{Answers, LetterType, TypeVersion};

impl Letters {
    /// The type that a new letter is begun with: as it is now, if it can be asked for.
    pub(super) async fn type_to_ask_for(&self, caller: &Caller, code: &TypeCode) -> Result<LetterType, Problem> {
        let found = self.find_type(caller, code).await?;
        let of = found.map(|stored| stored.value).filter(|of| of.is_active);
        of.ok_or_else(no_such_type)
    }

    /// The type that a letter is written for: as it is now, or, once it was submitted, as it was then.
    pub(super) async fn type_of(&self, caller: &Caller, letter: &Letter) -> Result<LetterType, Problem> {
        if letter.submissions == 0 {
            return self.type_to_ask_for(caller, &letter.kind.code).await;
        }
        let key = TypeVersion::key_of(&letter.tenant, &letter.kind.code, letter.kind.version);
        let found = self.table.load::<TypeVersion>(key).await;
        let Stored { value, .. } = found.map_err(|error| busy(&error))?;
        Ok(value.0)
    }

    /// Encrypts answers that fit their form.
    pub(super) fn seal(
        &self,
        tenant: &TenantId,
        id: LetterId,
        of: &LetterType,
        answers: &Answers,
    ) -> Result<Sealed, Problem> {
        of.fields.check(answers).map_err(wrong_answers)?;
        let json = serde_json::Value::Object(answers.clone()).to_string();
        let sealed = self.fields.seal(&Letter::answers_place(tenant, id), &json);
        sealed.map_err(|error| failed(&error))
    }

    /// Decrypts the answers of a letter.
    pub(super) fn open(&self, letter: &Letter) -> Result<Answers, Problem> {
        let place = Letter::answers_place(&letter.tenant, letter.id);
        let json = self
            .fields
            .open(&place, &letter.answers)
            .map_err(|error| failed(&error))?;
        serde_json::from_str(&json).map_err(|_damaged| failed(&platform::FieldError::Damaged))
    }
}
