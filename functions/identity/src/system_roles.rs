//! The roles that every tenant has. They cannot be changed or deleted; a tenant adds its own beside them.

use std::collections::BTreeSet;

use crate::permission::Permission;

/// One role: its code, and what it may do.
pub struct SystemRole {
    /// The code, unique among all roles of a tenant.
    pub code: &'static str,
    grants: Grants,
}

enum Grants {
    /// Everything that there is, and whatever will be added.
    Everything,
    /// These, each group as `resource:action,action resource:action`.
    These(&'static [&'static str]),
}

impl SystemRole {
    /// The role of that code.
    #[must_use]
    pub fn find(code: &str) -> Option<&'static Self> {
        SYSTEM_ROLES.iter().find(|role| role.code == code)
    }

    /// What it may do.
    #[must_use]
    pub fn permissions(&self) -> BTreeSet<Permission> {
        match self.grants {
            Grants::Everything => Permission::all().collect(),
            Grants::These(groups) => groups
                .iter()
                .flat_map(|group| spelled_out(group))
                .filter_map(|text| text.parse().ok())
                .collect(),
        }
    }
}

/// Each permission of a group in full.
fn spelled_out(group: &str) -> impl Iterator<Item = String> {
    group
        .split(' ')
        .filter_map(|part| part.split_once(':'))
        .flat_map(|(resource, actions)| actions.split(',').map(move |action| format!("{resource}:{action}")))
}

/// Whoever looks after accounts.
const ACCOUNTS: &str = "user:create,read,update,delete,activate,assign_role,import role:create,read,update,delete \
    org_unit:create,read,update,delete api_key:create,read,revoke";

const fn role(code: &'static str, grants: &'static [&'static str]) -> SystemRole {
    SystemRole {
        code,
        grants: Grants::These(grants),
    }
}

/// Every system role, by the kind of organisation that uses it.
#[rustfmt::skip]
pub static SYSTEM_ROLES: &[SystemRole] = &[
    // Everywhere.
    SystemRole { code: "super_admin", grants: Grants::Everything },
    role("auditor", &["audit:read,export document:read approval:read user:read role:read org_unit:read"]),

    // Keys for monitors come from here: whoever makes one must hold what it may do.
    role("system_operator", &["health:read api_key:create,read,revoke"]),

    // Licensing office (permits).
    role("employee", &["document:read,download approval:read,withdraw route:read report:read"]),
    role("examiner", &["document:read,download approval:read,decide"]),
    role("head_of_office", &["document:read,download,sign approval:read,decide,delegate report:read"]),
    role("applicant", &["document:download"]),

    // Communication office (visitors and cases).
    role("admin", &[
        ACCOUNTS,
        "audit:read setting:read,update document:read,download approval:read route:read,manage",
        "visitor:create,read,update notification:read,send,manage",
        "case:create,read,assign,update,escalate,close report:read,generate,export",
    ]),
    role("receptionist", &["visitor:create,read,update case:create,read,assign user:read org_unit:read"]),
    role("operator", &["case:read,update,escalate,close visitor:read org_unit:read"]),

    // Village or ward (residents' letters).
    role("warga", &["letter:create,read,update,submit letter_type:read"]),
    role("verifikator_rt", &["letter:read,verify_rt letter_type:read approval:read,decide,delegate"]),
    role("verifikator_rw", &["letter:read,verify_rw letter_type:read approval:read,decide,delegate"]),

    // School.
    role("school_admin", &[
        ACCOUNTS,
        "audit:read setting:read,update school:read,manage class:create,read,update,assign_teacher",
        "student:create,read,update attendance:record,read grade:create,read,update,approve",
        "report:read,generate,export admission:create,read,review,decide invoice:create,read,issue,cancel",
        "payment:record,read,reconcile approval:read,decide,delegate notification:read,send,manage",
    ]),
    role("principal", &[
        "school:read class:read student:read attendance:read grade:read,approve report:read,generate,export",
        "admission:read,decide approval:read,decide,delegate document:read,download,sign",
    ]),
    role("teacher", &[
        "school:read class:read student:read attendance:record,read grade:create,read,update",
        "report:read,generate",
    ]),
    role("student", &["class:read attendance:read grade:read report:read invoice:read"]),
    role("parent", &["class:read attendance:read grade:read report:read invoice:read payment:read admission:create"]),
    role("finance_staff", &[
        "student:read invoice:create,read,issue,cancel payment:record,read,reconcile report:read,export",
    ]),
    role("admission_staff", &["admission:create,read,review student:create,read notification:send"]),

    // Factory: 22 roles. Management and offices first, then the floor in the order in which goods pass it.
    role("factory_developer", &["setting:read audit:read report:read user:read role:read"]),
    role("factory_superadmin", &[
        ACCOUNTS,
        "audit:read,export setting:read,update route:read,manage approval:read,decide,delegate",
        "order:create,read,update,release spk:create,read,update,approve,record",
        "material:read,allocate,settle stock:read,move,adjust transfer:create,read,approve",
        "purchase:create,read,approve,receive inspection:create,read,approve gate:record,read",
        "payment:read,record,reconcile invoice:create,read,issue,cancel report:read,generate,export",
    ]),
    role("factory_manager", &[
        "order:read,release spk:read,approve material:read,settle stock:read transfer:read,approve",
        "purchase:read,approve inspection:read approval:read,decide,delegate report:read,generate,export",
    ]),
    role("factory_finance_manager", &[
        "purchase:read,approve invoice:create,read,issue,cancel payment:record,read,reconcile",
        "approval:read,decide,delegate report:read,export",
    ]),
    role("factory_admin", &["user:read org_unit:read order:read spk:read stock:read report:read"]),
    role("ppic_manager", &[
        "order:create,read,update,release spk:create,read,update,approve material:read,allocate,settle",
        "stock:read approval:read,decide,delegate report:read,generate,export",
    ]),
    role("ppic_admin", &[
        "order:create,read,update spk:create,read,update material:read,allocate stock:read report:read",
    ]),
    role("purchasing_head", &[
        "purchase:create,read,approve stock:read material:read approval:read,decide,delegate report:read",
    ]),
    role("purchasing_staff", &["purchase:create,read stock:read material:read"]),
    role("warehouse_admin", &[
        "stock:read,move,adjust transfer:create,read,approve purchase:read,receive material:read",
        "approval:read,decide report:read",
    ]),
    role("warehouse_operator", &["stock:read,move transfer:create,read purchase:receive"]),
    role("qc_lab", &["inspection:create,read,approve approval:read,decide report:read"]),
    role("qc_inspector", &["inspection:create,read"]),
    role("cutting_supervisor", &["spk:read,update,record transfer:create,read material:read approval:read,decide"]),
    role("sewing_supervisor", &["spk:read,update,record transfer:create,read material:read approval:read,decide"]),
    role("finishing_supervisor", &["spk:read,update,record transfer:create,read material:read approval:read,decide"]),
    role("cutting_operator", &["spk:read,record"]),
    role("embroidery_operator", &["spk:read,record"]),
    role("sewing_operator", &["spk:read,record"]),
    role("finishing_operator", &["spk:read,record"]),
    role("packing_operator", &["spk:read,record transfer:create"]),
    role("security_guard", &["gate:record,read visitor:create,read"]),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::messages;
    use crate::names::RoleCode;

    #[test]
    fn every_role_has_a_code_of_its_own_a_name_for_people_and_only_permissions_that_exist() {
        let mut codes = BTreeSet::new();
        for role in SYSTEM_ROLES {
            assert!(
                role.code.parse::<RoleCode>().is_ok() && codes.insert(role.code),
                "{}",
                role.code
            );
            assert!(messages::role_name(role.code).is_some(), "{}", role.code);
            match role.grants {
                Grants::Everything => {}
                Grants::These(groups) => {
                    let texts: Vec<_> = groups.iter().flat_map(|group| spelled_out(group)).collect();
                    let unknown = texts.iter().find(|text| text.parse::<Permission>().is_err());
                    assert_eq!(unknown, None, "{}", role.code);
                    assert_eq!(texts.len(), role.permissions().len(), "{} says one twice", role.code);
                }
            }
        }
    }

    #[test]
    fn only_the_super_admin_may_do_everything() {
        let all = Permission::all().count();
        for role in SYSTEM_ROLES {
            assert_eq!(
                role.permissions().len() == all,
                role.code == "super_admin",
                "{}",
                role.code
            );
        }
    }

    #[test]
    fn the_roles_of_each_kind_of_organisation_are_there() {
        let factory = SYSTEM_ROLES
            .iter()
            .skip_while(|role| role.code != "factory_developer")
            .count();
        assert_eq!(factory, 22);
        for code in [
            "admin",
            "receptionist",
            "operator",
            "warga",
            "verifikator_rt",
            "verifikator_rw",
            "super_admin",
            "school_admin",
            "teacher",
            "student",
            "parent",
            "finance_staff",
            "admission_staff",
            "employee",
            "head_of_office",
        ] {
            assert!(SystemRole::find(code).is_some(), "{code}");
        }
    }

    #[test]
    fn a_resident_verifies_nothing_and_an_rt_verifier_not_for_the_rw() {
        let may = |code: &str, what: &str| {
            SystemRole::find(code)
                .unwrap()
                .permissions()
                .contains(&what.parse().unwrap())
        };
        assert!(!may("warga", "letter:verify_rt") && !may("warga", "approval:decide"));
        assert!(may("verifikator_rt", "letter:verify_rt") && !may("verifikator_rt", "letter:verify_rw"));
        assert!(!may("verifikator_rw", "letter:approve") && may("super_admin", "letter:approve"));
    }
}
