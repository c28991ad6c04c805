//! One approval on its way along a route. No I/O, no clock.
//!
//! ```text
//!            approve (quorum of the last step)
//! awaiting ────────────────────────────────────► approved
//!   │ ▲ └─ approve, return to an earlier step ─► awaiting
//!   │ └──────── resubmitted ──────── returned ◄─ return from the first step
//!   ├─► rejected                     withdrawn ◄─ by who submitted it; resubmitting opens it again
//!   └─► awaiting the first step: described as another type, or with other words than somebody approved
//! ```

mod decision;
mod room;
mod submission;

use jiff::Timestamp;
use kernel::{TenantId, Traceparent};
use platform::{Indexes, Key, Record};
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, Reach};
use crate::delegation::{ActingFor, Delegation};
use crate::item::{Item, ItemId};
use crate::ledger::sortable;
use crate::messages;
use crate::route::{OnReject, Route, RouteStep};

pub use decision::{ApprovalEvent, DecideError, Decided, Decision, Moment, Verdict};
pub use submission::{OpenError, WithdrawError};

/// The approval of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What is to be approved; an approval has its item's id.
    pub item: Item,
    /// Whose item it is.
    pub tenant: TenantId,
    /// The route, as it was when the approval was opened.
    pub route: Route,
    /// The office in whose name the item is issued, where its type says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The item's flow.
    pub traceparent: Traceparent,
    /// Whose turn it is, or how it ended.
    pub status: Status,
    /// Every decision that was taken, oldest first.
    pub history: Vec<Decided>,
    /// The approvals that count: no later decision has undone them.
    #[serde(default)]
    pub standing: Vec<Standing>,
}

/// Whose turn it is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Status {
    /// The step of this index, counted from 0, has to decide.
    Awaiting {
        /// The index of the step.
        step: usize,
        /// Since when.
        since: Timestamp,
    },
    /// Back where it came from.
    Returned {
        /// The index of the step that returned it.
        step: usize,
    },
    /// Taken back by who submitted it.
    Withdrawn,
    /// Refused for good.
    Rejected,
    /// Approved by every step.
    Approved,
}

/// How far somebody may read approvals that are not theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Not at all.
    Nothing,
    /// Within the reach of their office.
    WithinReach,
    /// All of the tenant's: who looks after what everybody does.
    Everything,
}

/// An approval that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The index of the step.
    pub step: usize,
    /// Who approved.
    pub by: String,
    /// In whose place, where it was somebody else's office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_of: Option<String>,
}

impl Approval {
    /// The key of the approval of item `id` of `tenant`.
    #[must_use]
    pub fn key_of(tenant: &TenantId, id: &ItemId) -> Key {
        Key::state(tenant.as_str(), "approval", id.as_str())
    }

    /// The step whose turn it is, and since when.
    #[must_use]
    pub fn awaiting(&self) -> Option<(usize, &RouteStep, Timestamp)> {
        match self.status {
            Status::Awaiting { step, since } => Some((step, self.route.step(step)?, since)),
            Status::Returned { .. } | Status::Withdrawn | Status::Rejected | Status::Approved => None,
        }
    }

    /// Where those look who may decide now: the role, and the place that its scope asks for.
    #[must_use]
    pub fn waits_at(&self) -> Option<(&str, String)> {
        let (_, step, _) = self.awaiting()?;
        let place = step.scope.place(&Reach::asked_by(&self.item.attributes))?;
        Some((&step.role, place))
    }

    /// Whether somebody may know of it: who submitted it, has decided on it, has to decide at some step in their own office,
    /// or may read it. For whoever may not, there is no such approval.
    #[must_use]
    pub fn is_visible_to(&self, actor: &Actor, reading: Reading) -> bool {
        let is_actor = |id: &str| id == actor.id;
        let may_read = match reading {
            Reading::Nothing => false,
            Reading::WithinReach => actor.reach.sees(&self.item.attributes),
            Reading::Everything => true,
        };
        may_read
            || self.item.submitted_by.as_deref().is_some_and(is_actor)
            || self.history.iter().any(|decided| is_actor(&decided.actor_id))
            || self
                .required()
                .any(|step| actor.roles.contains(&step.role) && step.scope.covers(&actor.reach, &self.item.attributes))
    }

    /// Whether somebody else's office, which a delegation puts in other hands, has to decide on it at some step.
    #[must_use]
    pub fn is_visible_by(&self, delegation: &Delegation) -> bool {
        let covers = |step: &RouteStep| delegation.covers(step.scope, &self.item.attributes);
        self.required().any(|step| step.role == delegation.role && covers(step))
    }

    /// What the item is called now, such as `menunggu_verifikasi_rt` or `disetujui`.
    #[must_use]
    pub fn label(&self) -> String {
        let labels = self.route.labels();
        let of_step = |step: usize, label: fn(&RouteStep) -> String| self.route.step(step).map(label);
        match self.status {
            Status::Awaiting { step, .. } => of_step(step, RouteStep::awaiting_label).unwrap_or_default(),
            Status::Returned { step } => of_step(step, RouteStep::returned_label).unwrap_or_default(),
            Status::Withdrawn => labels.withdrawn.clone(),
            Status::Rejected => labels.rejected.clone(),
            Status::Approved => labels.approved.clone(),
        }
    }

    /// Whether this very decision was taken before. An error if its id was used for another one.
    pub fn has_taken(&self, decision: &Decision) -> Result<bool, DecideError> {
        let taken = self.history.iter().find(|decided| decided.decision_id == decision.id);
        match taken {
            None => Ok(false),
            Some(taken)
                if taken.verdict == decision.verdict
                    && taken.note == decision.trimmed_note()
                    && taken.actor_id == decision.actor.id =>
            {
                Ok(true)
            }
            Some(_) => Err(DecideError::KeyReused),
        }
    }

    /// In what capacity somebody may decide now: in their own office (`None`), or in that of another.
    pub fn may_decide(
        &self,
        actor: &Actor,
        delegations: &[Delegation],
        now: Moment,
    ) -> Result<Option<ActingFor>, DecideError> {
        let (index, step, _) = self.awaiting().ok_or(DecideError::NotAwaiting)?;
        let attributes = &self.item.attributes;
        let has_role = actor.roles.contains(&step.role);
        if has_role && step.scope.covers(&actor.reach, attributes) {
            return self.admits(index, &[&actor.id]).map(|()| None);
        }
        let held = |delegation: &&Delegation| {
            delegation.tenant == self.tenant
                && delegation.to.id == actor.id
                && delegation.role == step.role
                && delegation.holds_on(now.today)
        };
        let of_role: Vec<_> = delegations.iter().filter(held).collect();
        let mut refusal = if has_role || !of_role.is_empty() {
            DecideError::OutOfScope
        } else {
            let role = step.role.clone();
            DecideError::OutOfTurn { role }
        };
        for delegation in of_role.into_iter().filter(|held| held.covers(step.scope, attributes)) {
            match self.admits(index, &[&actor.id, &delegation.from.id]) {
                Ok(()) => return Ok(Some(delegation.acting_for(&self.office_of(index, step)))),
                // Another office may still do.
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    /// Whether these people, of whom one acts for the other, may decide at the step of this index.
    fn admits(&self, index: usize, people: &[&str]) -> Result<(), DecideError> {
        let is_one_of_them = |id: &str| people.contains(&id);
        let forbid = self.route.forbid();
        if forbid.own_submission && self.item.submitted_by.as_deref().is_some_and(is_one_of_them) {
            return Err(DecideError::OwnSubmission);
        }
        let twice = |standing: &Standing| {
            // Of the people whom a step needs, each counts once, whatever the route allows.
            let counts = forbid.deciding_twice || standing.step == index;
            counts && (is_one_of_them(&standing.by) || standing.place_of.as_deref().is_some_and(is_one_of_them))
        };
        if self.standing.iter().any(twice) {
            return Err(DecideError::Twice);
        }
        Ok(())
    }

    /// What the office of a step is called on paper. Whoever decides last does so in the name of the item's authority.
    fn office_of(&self, index: usize, step: &RouteStep) -> String {
        let is_last = self.route.after(index, &self.item.attributes).is_none();
        let authority = self.authority.clone().filter(|_| is_last);
        authority.unwrap_or_else(|| messages::role_title(&step.role))
    }

    /// The steps that count for the item.
    fn required(&self) -> impl Iterator<Item = &RouteStep> {
        let indexes = self.route.required(&self.item.attributes);
        indexes.filter_map(|index| self.route.step(index))
    }

    /// Takes one decision. Consumes the approval, so that the state before the decision cannot be used afterwards.
    pub fn decide(
        mut self,
        decision: &Decision,
        delegations: &[Delegation],
        now: Moment,
    ) -> Result<(Self, ApprovalEvent), DecideError> {
        let acting_for = self.may_decide(&decision.actor, delegations, now)?;
        let (index, step, since) = self.awaiting().ok_or(DecideError::NotAwaiting)?;
        let note = Self::checked_note(decision)?;
        let standing = Standing {
            step: index,
            by: decision.actor.id.clone(),
            place_of: acting_for.as_ref().map(|acting| acting.id.clone()),
        };
        let (status, event) = match (decision.verdict, &note) {
            (Verdict::Approve, _) => self.approved(index, step, since, now.at),
            (Verdict::Return | Verdict::Reject, None) => return Err(DecideError::NoteMissing),
            (Verdict::Reject, Some(_)) if !step.may_refuse => return Err(DecideError::MayNotRefuse),
            (Verdict::Reject, Some(_)) => (Status::Rejected, ApprovalEvent::Rejected),
            (Verdict::Return, Some(_)) => self.returned(index, step, now.at),
        };
        let decided = Decided {
            decision_id: decision.id.clone(),
            step: step.name.clone(),
            actor_id: decision.actor.id.clone(),
            actor_name: decision.actor.name.clone(),
            acting_for,
            verdict: decision.verdict,
            note,
            at: now.at,
        };
        match decision.verdict {
            Verdict::Approve => self.standing.push(standing),
            Verdict::Return | Verdict::Reject => {}
        }
        match status {
            // What an earlier step has to look at again, everyone after it has to, too.
            Status::Awaiting { step, .. } if event == ApprovalEvent::SentBack => {
                self.standing.retain(|standing| standing.step < step);
            }
            Status::Returned { .. } => self.standing.clear(),
            Status::Awaiting { .. } | Status::Withdrawn | Status::Rejected | Status::Approved => {}
        }
        self.history.push(decided);
        let decided = Self { status, ..self };
        if decided.has_room() {
            Ok((decided, event))
        } else {
            Err(DecideError::TooMany)
        }
    }

    /// Who must learn that it did not pass: whoever submitted it and whoever decided before, but not the one who knows.
    #[must_use]
    pub fn informed(&self) -> Vec<String> {
        let (last, earlier) = match self.history.split_last() {
            Some((last, earlier)) => (Some(last), earlier),
            None => (None, &[][..]),
        };
        let deciders = earlier.iter().map(|decided| &decided.actor_id);
        let mut people: Vec<String> = Vec::new();
        for person in self.item.submitted_by.iter().chain(deciders) {
            let knows = last.is_some_and(|last| last.actor_id == *person);
            if !knows && !people.contains(person) {
                people.push(person.clone());
            }
        }
        people
    }

    /// Whose approvals count: who must learn that they count no longer where it begins again.
    #[must_use]
    pub fn approvers(&self) -> Vec<String> {
        let mut people: Vec<String> = Vec::new();
        for standing in &self.standing {
            if !people.contains(&standing.by) {
                people.push(standing.by.clone());
            }
        }
        people
    }

    fn checked_note(decision: &Decision) -> Result<Option<String>, DecideError> {
        if !(1..=200).contains(&decision.id.chars().count()) {
            return Err(DecideError::BadId);
        }
        let note = decision.trimmed_note();
        if note
            .as_ref()
            .is_some_and(|note| note.chars().count() > decision::NOTE_LIMIT)
        {
            return Err(DecideError::NoteTooLong);
        }
        Ok(note)
    }

    fn approved(&self, index: usize, step: &RouteStep, since: Timestamp, at: Timestamp) -> (Status, ApprovalEvent) {
        let before = self.standing.iter().filter(|standing| standing.step == index).count();
        if before + 1 < usize::try_from(step.quorum).unwrap_or(usize::MAX) {
            return (Status::Awaiting { step: index, since }, ApprovalEvent::Endorsed);
        }
        match self.route.after(index, &self.item.attributes) {
            Some(step) => (Status::Awaiting { step, since: at }, ApprovalEvent::Advanced),
            None => (Status::Approved, ApprovalEvent::Approved),
        }
    }

    fn returned(&self, index: usize, step: &RouteStep, at: Timestamp) -> (Status, ApprovalEvent) {
        match (step.on_reject, self.route.before(index, &self.item.attributes)) {
            (OnReject::Terminal, _) => (Status::Rejected, ApprovalEvent::Rejected),
            (OnReject::Previous, Some(step)) => (Status::Awaiting { step, since: at }, ApprovalEvent::SentBack),
            (OnReject::Previous, None) | (OnReject::Origin, _) => {
                (Status::Returned { step: index }, ApprovalEvent::Returned)
            }
        }
    }
}

/// Where items wait (gsi1) for a role at a place, the oldest first.
pub(crate) fn pending_partition(tenant: &TenantId, role: &str, place: &str) -> String {
    format!("{tenant}#pending#{role}#{place}")
}

impl Record for Approval {
    fn key(&self) -> Key {
        Self::key_of(&self.tenant, &self.item.id)
    }

    fn indexes(&self) -> Indexes {
        let waits = self.waits_at().zip(self.awaiting());
        let gsi1 = waits.map(|((role, place), (_, _, since))| Key {
            pk: pending_partition(&self.tenant, role, &place),
            sk: format!("{}#{}", sortable(since), self.item.id),
        });
        Indexes { gsi1, gsi2: None }
    }
}

#[cfg(test)]
mod described;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod offices;
#[cfg(test)]
mod tests;
