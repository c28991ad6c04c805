//! A headless Chromium, driven over the `DevTools` protocol by a pipe: messages of JSON, each ended by a zero byte.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The protocol's pipe is file 3 to Chromium and file 4 from it; Rust hands over 0 and 1.
const WITH_PIPE: &str = "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// One page of a browser of its own. Whatever does not come makes the call fail after [`PATIENCE_MS`].
pub(crate) struct Page {
    browser: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    last: u64,
    session: String,
    _profile: tempfile::TempDir,
}

/// How long a page may take for what a person waits for, in milliseconds.
const PATIENCE_MS: u64 = 60_000;

impl Page {
    /// Opens `url` on a screen as large as a phone's, and returns when it is loaded.
    pub(crate) fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new("sh")
            .args(["-c", WITH_PIPE, "chromium"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args([
                "--remote-debugging-pipe",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-sync",
                "--disable-background-networking",
                "--disable-component-update",
                "--window-size=390,844",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut page = Self {
            to: browser.stdin.take().unwrap(),
            from: BufReader::new(browser.stdout.take().unwrap()),
            browser,
            last: 0,
            session: String::new(),
            _profile: profile,
        };
        let target = page.call("Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = page.call("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut page.session);
        page.call("Page.enable", &json!({}));
        page.call("Page.navigate", &json!({ "url": url }));
        page.until("Page.loadEventFired");
        page
    }

    /// Puts a file into the input that `selector` finds, as a person who chose it, and returns at once.
    pub(crate) fn choose_file(&mut self, selector: &str, file: &Path) {
        let found = self.evaluate(&format!("document.querySelector({})", json!(selector)), false);
        let input = found["objectId"]
            .as_str()
            .unwrap_or_else(|| panic!("no {selector}"))
            .to_owned();
        self.call("DOM.setFileInputFiles", &json!({ "files": [file], "objectId": input }));
    }

    /// What an expression is, as JSON, once it is neither false nor null nor undefined.
    pub(crate) fn when(&mut self, expression: &str) -> Value {
        let waiting = format!(
            "new Promise((resolve, reject) => {{
                const observer = new MutationObserver(() => look());
                const look = () => {{
                    const seen = {expression};
                    if (!seen) return false;
                    // An expression may change the page; it is not asked again.
                    observer.disconnect();
                    resolve(seen);
                    return true;
                }};
                if (look()) return;
                const everything = {{ subtree: true, childList: true, attributes: true, characterData: true }};
                observer.observe(document, everything);
                setTimeout(() => reject(new Error(document.body.innerText)), {PATIENCE_MS});
            }})"
        );
        self.evaluate(&waiting, true)["value"].clone()
    }

    /// Takes the network away from the page.
    pub(crate) fn go_offline(&mut self) {
        self.call("Network.enable", &json!({}));
        let gone = json!({ "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.call("Network.emulateNetworkConditions", &gone);
    }

    fn evaluate(&mut self, expression: &str, by_value: bool) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": by_value });
        let answer = self.call("Runtime.evaluate", &parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"].clone()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.receive();
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    fn until(&mut self, event: &str) {
        while self.receive()["method"] != event {}
    }

    fn receive(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "Chromium has ended");
        serde_json::from_slice(&message).unwrap()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.browser.kill();
        let _status = self.browser.wait();
    }
}
