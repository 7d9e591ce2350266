use super::*;

const PHONE: &str = "79990000001";

fn promised(mark: &str, lead: u64) -> Promise {
    Promise {
        mark: mark.to_owned(),
        phone: PHONE.to_owned(),
        has_remote_id: true,
        lead: Some(lead),
        earlier_tries: 0,
        at: Instant::now(),
    }
}

/// Two leads with one phone, and what becomes of them.
fn all_well() -> (Vec<Promise>, Census) {
    let lead = |id, mark: &str, first, others, order| Lead {
        id,
        mark: mark.to_owned(),
        phone: PHONE.to_owned(),
        first,
        others,
        client: Some(7),
        order: Some(order),
    };
    let order = |id, mark: Option<&str>, client| Order {
        id,
        mark: mark.map(str::to_owned),
        client,
    };
    let client = |id, phone: &str| Client {
        id,
        phone: phone.to_owned(),
    };
    let census = Census {
        leads: vec![lead(2, "b", Some(1), 1, 20), lead(1, "a", None, 0, 10)],
        orders: vec![
            order(10, Some("a"), Some(7)),
            order(20, Some("b"), Some(7)),
            order(30, None, None),
        ],
        clients: vec![client(7, "89990000001"), client(8, ""), client(9, "")],
    };
    (vec![promised("a", 1), promised("b", 2)], census)
}

/// The kinds of what is found after `damage`.
fn found(damage: impl FnOnce(&mut Vec<Promise>, &mut Census)) -> Vec<&'static str> {
    let (mut promises, mut census) = all_well();
    damage(&mut promises, &mut census);
    let verdict = judge(&promises, &census);
    let findings = verdict.findings();
    let kinds = findings.iter().filter(|(_, found)| !found.is_empty());
    let kinds: Vec<&'static str> = kinds.map(|(kind, _)| *kind).collect();
    assert_eq!(verdict.is_clean(), kinds.is_empty());
    kinds
}

#[test]
fn all_that_was_promised_is_clean() {
    assert!(found(|_, _| {}).is_empty());
    let (promises, census) = all_well();
    let verdict = judge(&promises, &census);
    assert_eq!((verdict.leads, verdict.extra, verdict.clients), (2, 0, 1));
}

#[test]
fn a_lead_that_is_not_there_is_lost() {
    assert!(found(|_, census| drop(census.leads.pop())).contains(&"leads lost"));
    // Only kept (202), and nothing came of it.
    assert!(
        found(|promises, _| {
            promises.push(Promise {
                lead: None,
                ..promised("c", 0)
            });
        })
        .contains(&"leads lost")
    );
}

#[test]
fn a_lead_that_was_made_twice_is_found_unless_nobody_could_know_it() {
    let twice = |census: &mut Census| {
        let again = Lead {
            id: 3,
            first: Some(1),
            others: 2,
            order: Some(40),
            ..census.leads[0].clone()
        };
        census.leads.push(again);
        census.orders.push(Order {
            id: 40,
            ..census.orders[1].clone()
        });
    };
    assert_eq!(found(|_, census| twice(census)), ["leads of no post"]);
    let with_tries = |promises: &mut Vec<Promise>, has_remote_id| {
        promises[1].earlier_tries = 1;
        promises[1].has_remote_id = has_remote_id;
    };
    assert_eq!(
        found(|promises, census| {
            twice(census);
            with_tries(promises, true);
        }),
        ["leads of no post"]
    );
    assert!(
        found(|promises, census| {
            twice(census);
            with_tries(promises, false);
        })
        .is_empty()
    );
}

#[test]
fn a_lead_that_nobody_posted_is_found() {
    assert_eq!(
        found(|promises, _| drop(promises.pop())),
        ["leads of no post"]
    );
    let other_phone = |promises: &mut Vec<Promise>, _: &mut Census| {
        promises[0].phone = "79990000002".to_owned();
    };
    assert_eq!(found(other_phone), ["leads of no post"]);
}

#[test]
fn a_lead_without_client_or_order_is_found() {
    let unconverted = "leads without client or order";
    assert!(found(|_, census| census.leads[0].client = None).contains(&unconverted));
    assert!(found(|_, census| census.leads[0].order = None).contains(&unconverted));
    assert!(found(|_, census| drop(census.orders.remove(0))).contains(&unconverted));
}

#[test]
fn orders_that_are_not_one_for_each_lead_are_found() {
    let wrong = ["wrong orders of leads"];
    let doubled = |_: &mut Vec<Promise>, census: &mut Census| {
        census.orders.push(Order {
            id: 40,
            ..census.orders[0].clone()
        });
    };
    assert_eq!(found(doubled), wrong);
    assert_eq!(found(|_, census| census.leads[0].order = Some(10)), wrong);
    assert_eq!(found(|_, census| census.orders[0].mark = None), wrong);
    assert_eq!(found(|_, census| census.orders[0].client = Some(8)), wrong);
}

#[test]
fn clients_that_share_a_phone_or_have_another_are_found() {
    let wrong = ["wrong clients of leads"];
    let same = |_: &mut Vec<Promise>, census: &mut Census| {
        census.clients[1].phone = format!("+{PHONE}");
    };
    assert_eq!(found(same), wrong);
    let other = |_: &mut Vec<Promise>, census: &mut Census| {
        census.clients[0].phone = "79990000002".to_owned();
    };
    assert_eq!(found(other), wrong);
    assert_eq!(found(|_, census| drop(census.clients.remove(0))), wrong);
}

#[test]
fn leads_that_do_not_see_each_other_are_found() {
    let wrong = ["wrong firstId or otherCount"];
    assert_eq!(found(|_, census| census.leads[0].first = None), wrong);
    assert_eq!(found(|_, census| census.leads[0].others = 0), wrong);
    assert_eq!(found(|_, census| census.leads[1].first = Some(2)), wrong);
}

#[test]
fn what_leads_made_has_to_be_told() {
    let (promises, census) = all_well();
    let changes = changes(&promises, &census);
    let keys: Vec<String> = changes
        .iter()
        .map(|change| change.key.to_string())
        .collect();
    assert_eq!(
        keys,
        [
            "order.add 20 revision 1",
            "order.add 10 revision 1",
            "client.add 7 revision 1"
        ]
    );
    assert_eq!(changes[0].mark.as_deref(), Some("b"));
    assert_eq!(changes[2].at, promises[0].at);
}
