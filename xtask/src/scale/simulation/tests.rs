//! What any simulation must keep to.

use super::super::plan::{Outage, Part};
use super::*;

fn played(plan: &Plan) -> Outcome {
    simulate(plan, &Inputs::load().unwrap(), 7)
}

fn rate(plan: &Plan) -> f64 {
    plan.files as f64 / played(plan).seconds
}

#[test]
fn chains_of_files_stand_for_single_ones() {
    let ratio = rate(&Plan::new(CHAINS, 4)) / rate(&Plan::new(CHAINS * 20, 4));
    assert!((ratio - 1.0).abs() < 0.06, "{ratio}");
}

#[test]
fn a_key_lets_no_more_requests_through_than_its_limit() {
    let plan = Plan::new(500_000, 64);
    let outcome = played(&plan);
    let limit = Inputs::load().unwrap().values.key_requests;
    assert!(outcome.api_requests / outcome.seconds <= limit);
    assert_eq!(outcome.limit().0, "requests of a key");
    assert!(
        rate(&Plan {
            calls: 2,
            keys: 2,
            ..plan.clone()
        }) > 1.3 * rate(&plan)
    );
}

#[test]
fn the_pages_of_one_run_come_one_after_the_other() {
    let plan = Plan {
        in_one_run: true,
        ..Plan::new(500_000, 64)
    };
    let (outcome, values) = (played(&plan), Inputs::load().unwrap().values);
    assert!(outcome.seconds >= 500_000.0 / values.page_files * values.page_ms / 1e3);
    assert_eq!(outcome.limit().0, "listing");
}

#[test]
fn a_death_moves_at_most_what_was_in_flight_again() {
    let plan = Plan {
        life: Some(0.03),
        ..Plan::new(200_000, 4)
    };
    let Outcome {
        deaths,
        twice,
        seconds,
        ..
    } = played(&plan);
    let in_flight = Inputs::load().unwrap().values.in_flight;
    assert!(deaths > 3 && twice > 0 && twice as f64 <= deaths as f64 * in_flight);
    assert!(seconds > played(&Plan::new(200_000, 4)).seconds);
}

#[test]
fn an_outage_costs_about_its_own_time() {
    let calm = played(&Plan::new(100_000, 4)).seconds;
    for part in [Part::Ledger, Part::Storage, Part::Api] {
        let outages = vec![Outage {
            part,
            at: 30.0,
            seconds: 20.0,
        }];
        let more = played(&Plan {
            outages,
            ..Plan::new(100_000, 4)
        })
        .seconds
            - calm;
        assert!((10.0..=22.0).contains(&more), "{more}");
    }
}

#[test]
fn the_same_seed_gives_the_same() {
    let plan = Plan {
        life: Some(0.05),
        ..Plan::new(50_000, 3)
    };
    let (one, two) = (played(&plan), played(&plan));
    assert_eq!(
        (one.seconds.to_bits(), one.twice),
        (two.seconds.to_bits(), two.twice)
    );
}
