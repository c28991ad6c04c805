//! The page behind a mailed link, in Indonesian, for a phone first: where somebody chooses a new password.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, PreEscaped, html};

/// The page loads its own script and speaks to this function, and that is all.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "
*{box-sizing:border-box}body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:#1b2733;background:#f3f5f7}
header{background:#12324f;color:#fff;padding:.9rem 1rem;font-weight:700}main{max-width:30rem;margin:0 auto;padding:1rem}
section{background:#fff;border:1px solid #dde3e8;border-radius:.7rem;padding:1rem}h1{margin:.1rem 0 .6rem;font-size:1.35rem}
label{display:block;margin:.8rem 0 .2rem}input,button{width:100%;padding:.7rem;font:inherit;border:1px solid #5a6875;border-radius:.5rem}
button{margin-top:1.2rem;background:#12324f;color:#fff;border:0}button:disabled{opacity:.5}
";

/// `GET /auth/reset-password`. The token stands behind `#`, so only the script ever sees it.
pub(super) async fn page() -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="id" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { "Kata sandi baru – Absah" }
                style { (PreEscaped(STYLE)) }
                script src="reset-password.js" defer {}
            }
            body {
                header { "Absah" }
                main {
                    section {
                        h1 { "Pilih kata sandi baru" }
                        form #choose {
                            label for="password" { "Kata sandi baru" }
                            input #password type="password" autocomplete="new-password" required maxlength="128";
                            label for="again" { "Ulangi kata sandi baru" }
                            input #again type="password" autocomplete="new-password" required maxlength="128";
                            button { "Simpan" }
                        }
                        // The script shows one of these; what the function itself says comes into `answer`.
                        p #differ hidden { "Kedua isian tidak sama." }
                        p #done hidden { "Kata sandi Anda sudah diganti. Silakan masuk dengan kata sandi yang baru." }
                        p #void hidden { "Tautan ini tidak lengkap. Buka tautan dari surel, atau minta yang baru." }
                        p #failed hidden { "Kata sandi belum diganti. Silakan coba lagi sebentar lagi." }
                        p #answer hidden aria-live="polite" {}
                        noscript { p { "Halaman ini memerlukan JavaScript." } }
                    }
                }
            }
        }
    };
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], page).into_response()
}

/// `GET /auth/reset-password.js`.
pub(super) async fn script() -> Response {
    let kind = "text/javascript; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], include_str!("reset-password.js")).into_response()
}
