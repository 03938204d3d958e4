"""Which hosts a member may name.

Whoever types an address lets our server knock there, from inside the operator's network: so every address
that a name stands for is looked at before anything is connected to, unless the operator has named the host.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from chouseiapo.config import Settings
from chouseiapo.ports import PortError

ANY = "*"
PORTS = {"https": 443, "http": 80}
# Who spreads accounts over hosts of a domain in which nobody else has any.
SPREAD = (".icloud.com",)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Hosts:
    """What the operator allows (CHOUSEIAPO_CALDAV_HOSTS): `host`, `host:port`, or * for any."""

    def __init__(self, settings: Settings) -> None:
        self._named = settings.caldav_hosts

    def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect to. Raises PortError: unreachable, address_not_allowed."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise PortError("unreachable") from None
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        if not self._lets_in(host, port) and not all(map(is_public, addresses)):
            raise PortError("address_not_allowed", permanent=True)
        return addresses

    def check(self, url: str) -> None:
        """Whether a password may be sent there. Raises PortError: address_invalid, https_required."""
        parts = parsed(url)
        if parts.scheme != "https" and not self._is_plain_allowed(parts.hostname or "", port_of(parts)):
            raise PortError("https_required", permanent=True)

    def check_redirect(self, named: str, url: str) -> None:
        """Whether credentials for the address that was named may go to this one, too."""
        self.check(url)
        host, home = (urlsplit(each).hostname or "" for each in (url, named))
        spread = any(host.endswith(domain) and home.endswith(domain) for domain in SPREAD)
        if not (host == home or host.endswith(f".{home}") or spread):
            raise PortError("redirected_elsewhere", permanent=True)

    def _lets_in(self, host: str, port: int) -> bool:
        return ANY in self._named or self._names(host, port)

    def _names(self, host: str, port: int) -> bool:
        return not {host.lower(), f"{host.lower()}:{port}"}.isdisjoint(self._named)

    def _is_plain_allowed(self, host: str, port: int) -> bool:
        return self._names(host, port) or (ANY in self._named and _is_loopback(host))


def parsed(url: str) -> SplitResult:
    """The parts of an address of a server; raises PortError("address_invalid")."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0 and url.isprintable()
    except ValueError:
        usable = False
    if not usable or parts.username is not None or " " in url:
        raise PortError("address_invalid", permanent=True)
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def is_public(address: str) -> bool:
    """Whether it belongs to the internet at large, also as IPv4 inside of IPv6."""
    found = _innermost(ipaddress.ip_address(address.partition("%")[0]))
    return found.is_global and not found.is_multicast


def _innermost(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
