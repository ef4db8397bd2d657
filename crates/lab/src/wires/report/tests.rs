use super::*;
use crate::wires::exceptions::{Exception, tests::exchange};

fn report(judged: Judged) -> Report {
    let mut report = Report::new(7, 3);
    report.add(exchange(), Verdict::Replayed(judged));
    report
}

fn printed(report: &Report, verbose: bool) -> String {
    let mut out = Vec::new();
    report.print(&mut out, verbose).unwrap();
    String::from_utf8(out).unwrap()
}

fn faulty() -> Judged {
    Judged {
        faults: vec!["lost: text".to_owned()],
        ..Judged::default()
    }
}

#[test]
fn a_fault_or_a_violation_fails_the_run_and_an_exception_does_not() {
    assert!(report(Judged::default()).is_clean());
    assert!(!report(faulty()).is_clean());
    assert!(
        !report(Judged {
            violations: vec!["twice".to_owned()],
            ..Judged::default()
        })
        .is_clean()
    );

    let exception = Some(Exception {
        reason: "it was recorded wrong",
        matches: |_| true,
    });
    let excepted = report(Judged {
        exception,
        ..faulty()
    });
    assert!(excepted.is_clean());
    assert!(printed(&excepted, false).contains("it was recorded wrong"));
}

#[test]
fn what_waits_is_counted_and_does_not_fail() {
    let mut report = Report::new(7, 3);
    report.add(exchange(), Verdict::NotYet("no crate"));
    assert!(report.is_clean());
    let text = printed(&report, false);
    assert!(text.contains("  1 chat-completions: no crate\n"), "{text}");
    assert!(text.contains("not replayed: 1 exchanges"), "{text}");
    assert_eq!(report.total(), Count::default());
}

#[test]
fn each_failure_names_its_file_and_reason() {
    let text = printed(&report(faulty()), false);
    assert!(text.contains("  p/x.json ("), "{text}");
    assert!(text.contains("    lost: text\n"), "{text}");
    assert!(!text.contains("asked"), "{text}");
    assert!(text.contains("--seed 7"), "{text}");
    let verbose = printed(&report(faulty()), true);
    assert!(verbose.contains("    asked  "), "{verbose}");
}

#[test]
fn opaque_parts_warnings_and_errors_are_shown_on_request() {
    let judged = || Judged {
        opaque: vec!["x.thing".to_owned()],
        warnings: vec!["odd".to_owned()],
        error: Some("NotFound: no such model".to_owned()),
        ..Judged::default()
    };
    let report = report(judged());
    assert_eq!(
        (
            report.total().opaque,
            report.total().warnings,
            report.total().decoded
        ),
        (1, 1, 1)
    );
    assert!(!printed(&report, false).contains("x.thing"));
    let verbose = printed(&report, true);
    for find in [
        "opaque: p/x.json: x.thing",
        "warning: p/x.json: odd",
        "error: p/x.json: 200 is NotFound: no such model",
    ] {
        assert!(verbose.contains(find), "{find} in {verbose}");
    }
}
