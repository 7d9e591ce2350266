//! The ranges that are not the public internet (IANA special-purpose address
//! registries, RFC 6890, and what clouds add to them).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, if it is not an ordinary public one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Special {
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, unique local, site-local).
    Private,
    /// This link; cloud metadata services live there.
    LinkLocal,
    /// A metadata service of a cloud outside the link-local range.
    Metadata,
    /// Behind a carrier's NAT (RFC 6598).
    CarrierNat,
    /// More than one machine.
    Multicast,
    /// For documentation and examples.
    Documentation,
    /// For benchmarks.
    Benchmarking,
    /// Anything else that is not assigned to public machines.
    Reserved,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local or cloud metadata address",
            Self::Metadata => "a cloud metadata address",
            Self::CarrierNat => "a carrier-grade NAT address",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Reserved => "a reserved address",
        })
    }
}

type V4Range = (Ipv4Addr, u32, Special);
type V6Range = (Ipv6Addr, u32, Special);

const fn v4(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn v6(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)
}

const V4_RANGES: [V4Range; 16] = [
    (v4(0, 0, 0, 0), 8, Special::Reserved),
    (v4(10, 0, 0, 0), 8, Special::Private),
    (v4(100, 64, 0, 0), 10, Special::CarrierNat),
    (v4(127, 0, 0, 0), 8, Special::Loopback),
    // Azure's wire server answers here, on a public address.
    (v4(168, 63, 129, 16), 32, Special::Metadata),
    (v4(169, 254, 0, 0), 16, Special::LinkLocal),
    (v4(172, 16, 0, 0), 12, Special::Private),
    (v4(192, 0, 0, 0), 24, Special::Reserved),
    (v4(192, 0, 2, 0), 24, Special::Documentation),
    // The relays of 6to4, which are withdrawn.
    (v4(192, 88, 99, 0), 24, Special::Reserved),
    (v4(192, 168, 0, 0), 16, Special::Private),
    (v4(198, 18, 0, 0), 15, Special::Benchmarking),
    (v4(198, 51, 100, 0), 24, Special::Documentation),
    (v4(203, 0, 113, 0), 24, Special::Documentation),
    (v4(224, 0, 0, 0), 4, Special::Multicast),
    (v4(240, 0, 0, 0), 4, Special::Reserved),
];

/// More exact ranges first.
const V6_RANGES: [V6Range; 9] = [
    (v6(0x2001, 0x0002, 0), 48, Special::Benchmarking),
    (v6(0x2001, 0x0db8, 0), 32, Special::Documentation),
    // Protocol assignments: ORCHID, anycast services, drone remote ids.
    (v6(0x2001, 0, 0), 23, Special::Reserved),
    (v6(0x3fff, 0, 0), 20, Special::Documentation),
    (v6(0xfc00, 0, 0), 7, Special::Private),
    (v6(0xfe80, 0, 0), 10, Special::LinkLocal),
    (v6(0xfec0, 0, 0), 10, Special::Private),
    (v6(0xff00, 0, 0), 8, Special::Multicast),
    (Ipv6Addr::UNSPECIFIED, 128, Special::Reserved),
];

/// What `address` is; `None` for a public one.
pub(super) fn special(address: IpAddr) -> Option<Special> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    let bits = address.to_bits();
    V4_RANGES
        .iter()
        .find(|(network, prefix, _)| (bits ^ network.to_bits()) >> (32 - prefix) == 0)
        .map(|&(_, _, special)| special)
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    if address == Ipv6Addr::LOCALHOST {
        return Some(Special::Loopback);
    }
    if address != Ipv6Addr::UNSPECIFIED
        && let Some(embedded) = embedded_v4(address)
    {
        return embedded.into_iter().flatten().find_map(special_v4);
    }
    let bits = address.to_bits();
    V6_RANGES
        .iter()
        .find(|(network, prefix, _)| (bits ^ network.to_bits()) >> (128 - prefix) == 0)
        .map(|&(_, _, special)| special)
        // Only 2000::/3 is assigned to public machines.
        .or_else(|| (bits >> 125 != 1).then_some(Special::Reserved))
}

/// The IPv4 addresses that packets to a transition address end up at.
fn embedded_v4(address: Ipv6Addr) -> Option<[Option<Ipv4Addr>; 2]> {
    let segments = address.segments();
    let at = |index: usize| {
        Ipv4Addr::from_bits((u32::from(segments[index]) << 16) | u32::from(segments[index + 1]))
    };
    match segments {
        // Compatible ::a.b.c.d, mapped ::ffff:a.b.c.d, translated
        // ::ffff:0:a.b.c.d, NAT64 64:ff9b::a.b.c.d (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some([Some(at(6)), None]),
        // 6to4 (RFC 3056).
        [0x2002, ..] => Some([Some(at(1)), None]),
        // Teredo: the server, then the client with all bits flipped (RFC 4380).
        [0x2001, 0, ..] => Some([Some(at(2)), Some(Ipv4Addr::from_bits(!at(6).to_bits()))]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ipnet::{Ipv4Net, Ipv6Net};
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Option<Special> {
        special(text.parse().unwrap())
    }

    #[test]
    fn special_addresses_by_kind() {
        for (address, expected) in [
            ("0.0.0.0", Special::Reserved),
            ("0.1.2.3", Special::Reserved),
            ("10.255.255.255", Special::Private),
            ("100.64.0.1", Special::CarrierNat),
            ("100.100.100.200", Special::CarrierNat),
            ("100.127.255.255", Special::CarrierNat),
            ("127.0.0.1", Special::Loopback),
            ("127.255.255.254", Special::Loopback),
            ("168.63.129.16", Special::Metadata),
            ("169.254.169.254", Special::LinkLocal),
            ("172.16.0.1", Special::Private),
            ("172.31.255.255", Special::Private),
            ("192.0.0.192", Special::Reserved),
            ("192.0.2.1", Special::Documentation),
            ("192.88.99.1", Special::Reserved),
            ("192.168.1.1", Special::Private),
            ("198.18.0.1", Special::Benchmarking),
            ("198.19.255.255", Special::Benchmarking),
            ("198.51.100.7", Special::Documentation),
            ("203.0.113.7", Special::Documentation),
            ("224.0.0.1", Special::Multicast),
            ("239.255.255.255", Special::Multicast),
            ("240.0.0.1", Special::Reserved),
            ("255.255.255.255", Special::Reserved),
            ("::", Special::Reserved),
            ("::1", Special::Loopback),
            ("64:ff9b:1::808:808", Special::Reserved),
            ("100::1", Special::Reserved),
            ("2001:2::1", Special::Benchmarking),
            ("2001:10::1", Special::Reserved),
            ("2001:db8::1", Special::Documentation),
            ("3fff::1", Special::Documentation),
            ("5f00::1", Special::Reserved),
            ("fc00::1", Special::Private),
            ("fd00:ec2::254", Special::Private),
            ("fe80::1", Special::LinkLocal),
            ("fec0::1", Special::Private),
            ("ff02::1", Special::Multicast),
        ] {
            assert_eq!(of(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn neighbours_of_special_ranges_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2001:db9::1",
            "2606:4700:4700::1111",
            "2a00:1450:4010:c0e::64",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    #[test]
    fn transition_forms_are_judged_by_what_they_embed() {
        for (private, public) in [
            ("::ffff:10.0.0.1", "::ffff:8.8.8.8"),
            ("::10.0.0.1", "::8.8.8.8"),
            ("::ffff:0:10.0.0.1", "::ffff:0:8.8.8.8"),
            ("64:ff9b::10.0.0.1", "64:ff9b::8.8.8.8"),
            ("2002:a00:1::1", "2002:808:808::1"),
            // The Teredo client 8.8.8.8 is f7f7:f7f7; 10.0.0.1 is f5ff:fffe.
            ("2001:0:808:808::f5ff:fffe", "2001:0:808:808::f7f7:f7f7"),
            ("2001:0:a00:1::f7f7:f7f7", "2001:0:102:304::f7f7:f7f7"),
        ] {
            assert_eq!(of(private), Some(Special::Private), "{private}");
            assert_eq!(of(public), None, "{public}");
        }
    }

    fn any_private_v4() -> impl Strategy<Value = Ipv4Addr> {
        prop_oneof![
            any::<[u8; 3]>().prop_map(|[b, c, d]| v4(10, b, c, d)),
            any::<[u8; 3]>().prop_map(|[b, c, d]| v4(127, b, c, d)),
            any::<[u8; 2]>().prop_map(|[c, d]| v4(192, 168, c, d)),
            any::<[u8; 2]>().prop_map(|[c, d]| v4(169, 254, c, d)),
            (16_u8..32, any::<u8>(), any::<u8>()).prop_map(|(b, c, d)| v4(172, b, c, d)),
            (64_u8..128, any::<u8>(), any::<u8>()).prop_map(|(b, c, d)| v4(100, b, c, d)),
            (224_u8.., any::<[u8; 3]>()).prop_map(|(a, [b, c, d])| v4(a, b, c, d)),
        ]
    }

    proptest! {
        #[test]
        fn no_disguise_opens_a_private_address(
            inner in any_private_v4(),
            filler in any::<u64>(),
        ) {
            let inner_bits = u128::from(inner.to_bits());
            let disguises = [
                IpAddr::V4(inner),
                IpAddr::V6(inner.to_ipv6_mapped()),
                IpAddr::V6(Ipv6Addr::from_bits(inner_bits | (0xffff_u128 << 48))),
                IpAddr::V6(Ipv6Addr::from_bits(inner_bits | (0x64_ff9b_u128 << 96))),
                IpAddr::V6(Ipv6Addr::from_bits(
                    (0x2002_u128 << 112) | (inner_bits << 80) | u128::from(filler),
                )),
                IpAddr::V6(Ipv6Addr::from_bits(
                    (0x2001_u128 << 112)
                        | (u128::from(filler) << 32)
                        | u128::from(!inner.to_bits()),
                )),
            ];
            for disguise in disguises {
                prop_assert!(special(disguise).is_some(), "{disguise}");
            }
        }

        /// `ipnet` knows nothing of the bit arithmetic above.
        #[test]
        fn the_table_agrees_with_another_implementation_of_prefixes(
            any_v4 in any::<u32>().prop_map(Ipv4Addr::from_bits),
            any_v6 in any::<u128>().prop_map(Ipv6Addr::from_bits),
        ) {
            let expected = V4_RANGES
                .iter()
                .any(|&(network, prefix, _)| {
                    Ipv4Net::new(network, u8::try_from(prefix).unwrap())
                        .unwrap()
                        .contains(&any_v4)
                });
            prop_assert_eq!(special_v4(any_v4).is_some(), expected);

            let public: Ipv6Net = "2000::/3".parse().unwrap();
            if !public.contains(&any_v6) && embedded_v4(any_v6).is_none() {
                prop_assert!(special_v6(any_v6).is_some(), "{any_v6}");
            }
        }
    }
}
