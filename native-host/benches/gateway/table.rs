//! The figures, and how they stand to what is aimed at.

use super::measure::Measured;

pub(crate) fn print(columns: &[Measured]) {
    print!("{:<28}", "");
    for column in columns {
        print!("{:>11}", column.name);
    }
    println!();
    type Figure = fn(&Measured) -> Option<f64>;
    let rows: [(&str, usize, Figure); 8] = [
        ("warm request, p50, ms", 3, |it| {
            it.warm.map(|[half, _]| half)
        }),
        ("warm request, p99, ms", 3, |it| {
            it.warm.map(|[_, most]| most)
        }),
        ("new connection, p50, ms", 3, |it| {
            it.cold.map(|[half, _]| half)
        }),
        ("new connection, p99, ms", 3, |it| {
            it.cold.map(|[_, most]| most)
        }),
        ("download, MB/s", 0, |it| it.download),
        ("requests/s, 64 connections", 0, |it| it.crowd),
        ("idle connection, KiB", 1, |it| it.idle),
        ("idle tunnel, KiB", 1, |it| it.tunnel),
    ];
    for (name, digits, figure) in rows {
        print!("{name:<28}");
        for column in columns {
            match figure(column) {
                Some(figure) => print!("{figure:>11.digits$}"),
                None => print!("{:>11}", "–"),
            }
        }
        println!();
    }

    let of = |name: &str| columns.iter().find(|column| column.name == name);
    let warm = |name: &str| Some(of(name)?.warm?[0]);
    let both = |one: Option<f64>, other: Option<f64>| one.zip(other);
    let gateway = warm("gateway");
    let download = |name: &str| of(name)?.download;
    println!();
    for (name, figure, most) in [
        (
            "a warm request adds, ms",
            both(gateway, warm("direct")).map(|(ours, direct)| ours - direct),
            Some(0.3),
        ),
        (
            "download, of squid's",
            both(download("gateway"), download("squid")).map(|(ours, squid)| ours / squid),
            None,
        ),
        (
            "an idle connection, KiB",
            of("gateway").and_then(|gateway| gateway.idle),
            Some(20.0),
        ),
        (
            "https, of http",
            both(warm("https"), gateway).map(|(https, http)| https / http),
            Some(1.6),
        ),
    ] {
        let Some(figure) = figure else {
            continue;
        };
        let (aim, met) = match most {
            Some(most) => (format!("at most {most}"), figure <= most),
            None => ("at least 0.85".to_owned(), figure >= 0.85),
        };
        let met = if met { "met" } else { "missed" };
        println!("{name:<28}{figure:>11.2}   {aim}: {met}");
    }
    println!("\nMachines are noisy, and only ratios within one run count.");
}
