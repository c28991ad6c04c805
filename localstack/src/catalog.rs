//! The functions that this program knows, by their logical ids in `template.yaml`.

use platform::BuildFunction;

/// Every function with the code that builds it. The same names as in `template.yaml`, and the same as the binaries.
pub const FUNCTIONS: &[(&str, BuildFunction)] = &[
    ("DetectFunction", documents::detect::function),
    ("ImportFunction", documents::import::function),
    ("AdvanceApprovalFunction", approvals::advance_approval::function),
    ("DecideFunction", approvals::decide::function),
    ("LoadRouteFunction", approvals::load_route::function),
    ("TrackApprovalFunction", documents::track_approval::function),
    ("SignFunction", documents::sign::function),
    ("StampFunction", documents::stamp::function),
    ("VerifyFunction", documents::verify::function),
    ("RelayFunction", relay::function),
    ("SessionFunction", identity::session::function),
    ("UsersFunction", identity::users::function),
    ("LettersFunction", letters::letters::function),
    ("TrackLetterFunction", letters::track_letter::function),
    ("RenderLetterFunction", letters::render_letter::function),
    ("SendMailFunction", identity::send_mail::function),
    ("RecordAuditFunction", audit::record_audit::function),
    ("AuditFunction", audit::audit::function),
    ("ReconcileFunction", documents::reconcile::function),
    ("HealthFunction", operations::health::function),
];

/// The name of a step, its binary and its place under `/lambda-url/`: `AdvanceApprovalFunction` is `advance-approval`.
#[must_use]
pub(crate) fn step_name(logical_id: &str) -> String {
    let mut name = String::new();
    for (index, character) in logical_id.strip_suffix("Function").unwrap_or(logical_id).char_indices() {
        if character.is_ascii_uppercase() && index > 0 {
            name.push('-');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}
