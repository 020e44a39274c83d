//! The figures, and how they stand to what is aimed at.

use super::measure::Measured;

/// A ratio that is aimed at: of which figure, at which quantile, and the most it may be.
pub(crate) struct Goal {
    what: &'static str,
    p50: Option<f64>,
    p90: Option<f64>,
}

const fn goal(what: &'static str, p50: Option<f64>, p90: Option<f64>) -> Goal {
    Goal { what, p50, p90 }
}

pub(crate) const REALISTIC: [Goal; 6] = [
    goal("cold start", None, None),
    goal("cold, remembered", Some(0.45), None),
    goal("warm", Some(0.7), None),
    goal("newest", Some(0.22), None),
    goal("not found", Some(0.22), None),
    goal("publish", Some(0.25), Some(0.25)),
];

pub(crate) const IDEAL: [Goal; 6] = [
    goal("cold start", None, None),
    goal("cold, remembered", None, None),
    goal("warm", Some(0.1), None),
    goal("newest", None, None),
    goal("not found", None, None),
    goal("publish", None, None),
];

pub(crate) fn print(measured: &Measured, goals: &[Goal]) {
    println!(
        "{:<19}{:>9}{:>9}{:>8}  {:<14}{:>9}{:>9}{:>8}  aim",
        "", "ours p50", "theirs", "ratio", "aim", "ours p90", "theirs", "ratio"
    );
    for goal in goals {
        print!("{:<19}", goal.what);
        for (percent, most) in [(50, goal.p50), (90, goal.p90)] {
            let ours = measured.quantile(goal.what, true, percent);
            let theirs = measured.quantile(goal.what, false, percent);
            figures(ours, theirs, 1, most);
        }
        println!();
    }
    println!();
    for (name, what, most) in [
        ("packets, found", "found", Some(1.0)),
        ("packets, not found", "not found", Some(1.0)),
        ("packets, publish", "publish", None),
    ] {
        print!("{name:<19}");
        let of = |ours| measured.packets.get(&(what, ours)).copied();
        figures(of(true), of(false), 1, most);
        println!();
    }
    print!("{:<19}", "of the 8 closest");
    let of = |ours| measured.reached.get(&ours).copied();
    figures(of(true), of(false), 2, None);
    println!("hold what was published, on average");
}

fn figures(ours: Option<f64>, theirs: Option<f64>, digits: usize, most: Option<f64>) {
    for figure in [ours, theirs] {
        match figure {
            Some(figure) => print!("{figure:>9.digits$}"),
            None => print!("{:>9}", "–"),
        }
    }
    let ratio = ours.zip(theirs.filter(|theirs| *theirs > 0.0));
    match ratio.map(|(ours, theirs)| ours / theirs) {
        Some(ratio) => {
            print!("{ratio:>8.2}");
            let aim = most.map(|most| {
                let met = if ratio <= most { "met" } else { "missed" };
                format!("≤ {most}: {met}")
            });
            print!("  {:<14}", aim.unwrap_or_default());
        }
        None => print!("{:>8}  {:<14}", "–", ""),
    }
}
