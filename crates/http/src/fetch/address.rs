//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why nobody but a machine's own network should be asked at this address; `None` if it is public.
pub(super) fn refused(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refused_v4(address),
        IpAddr::V6(address) => refused_v6(address),
    }
}

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an unspecified address",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [169, 254, 169, 254] | [168, 63, 129, 16] => "a cloud's metadata service",
        [169, 254, ..] => "a link-local address",
        [100, 64..=127, ..] => "an address shared within a carrier",
        [192, 0, 0, _] | [192, 88, 99, _] => "an address reserved for protocols",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation",
        [198, 18..=19, ..] => "an address for benchmarks",
        [224..=239, ..] => "a multicast address",
        [255, 255, 255, 255] => "the broadcast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

/// Of IPv6 only 2000::/3 is public, and not all of it.
fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = address.to_ipv4_mapped() {
        return refused_v4(inner);
    }
    Some(match address.segments() {
        // An IPv6-only network reaches all of IPv4 so (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return refused_v4(joined(high, low)),
        [0, 0, 0, 0, 0, 0, 0, 0] => "an unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => "a cloud's metadata service",
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfec0..=0xfeff, ..] => "a site-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "an address for documentation",
        [0x2001, 2, 0, ..] => "an address for benchmarks",
        [0x2002, ..] | [0x2001, 0, ..] => "an IPv4 address behind a tunnel",
        [0x2001, 0..=0x1ff, ..] => "an address reserved for protocols",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    })
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::refused;

    fn parsed(address: &str) -> std::net::IpAddr {
        address.parse().expect("an address")
    }

    #[test]
    fn f128_what_is_not_public_is_refused() {
        for (addresses, why) in [
            ("0.0.0.0 0.1.2.3 ::", "an unspecified address"),
            ("127.0.0.1 127.255.255.255 ::1", "a loopback address"),
            (
                "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 \
                 fc00:: fd12:3456:789a::1 fdff:ffff::",
                "a private address",
            ),
            (
                "169.254.169.254 168.63.129.16 fd00:ec2::254",
                "a cloud's metadata service",
            ),
            (
                "169.254.0.1 169.254.170.2 fe80::1 febf::",
                "a link-local address",
            ),
            (
                "100.64.0.0 100.100.100.200 100.127.255.255",
                "an address shared within a carrier",
            ),
            (
                "192.0.0.1 192.0.0.170 192.88.99.1 2001:10::1 2001:20::1 2001:1ff::",
                "an address reserved for protocols",
            ),
            (
                "192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 2001:db8:ffff:: 3fff::1 3fff:fff::",
                "an address for documentation",
            ),
            (
                "198.18.0.0 198.19.255.255 2001:2::1",
                "an address for benchmarks",
            ),
            ("224.0.0.1 239.255.255.255 ff02::1", "a multicast address"),
            ("255.255.255.255", "the broadcast address"),
            (
                "240.0.0.1 255.255.255.254 ::127.0.0.1 ::8.8.8.8 64:ff9b:1::a00:1 100::1 5f00::1 4000::",
                "a reserved address",
            ),
            ("fec0::1", "a site-local address"),
            ("::ffff:127.0.0.1 64:ff9b::127.0.0.1", "a loopback address"),
            (
                "::ffff:10.0.0.1 64:ff9b::a00:1 ::ffff:192.168.1.1",
                "a private address",
            ),
            (
                "::ffff:169.254.169.254 64:ff9b::a9fe:a9fe",
                "a cloud's metadata service",
            ),
            (
                "2002:7f00:1:: 2002:a9fe:a9fe::1 2002:808:808::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2",
                "an IPv4 address behind a tunnel",
            ),
        ] {
            for address in addresses.split_whitespace() {
                assert_eq!(refused(parsed(address)), Some(why), "{address}");
            }
        }
    }

    #[test]
    fn f128_what_is_public_is_not_refused() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00::1",
            "2001:200::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert_eq!(refused(parsed(address)), None, "{address}");
        }
    }
}
