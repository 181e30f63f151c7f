// Package peer says which addresses of connections count as one client.
package peer

import "net/netip"

// Network returns what counts as one client: an IPv4 address, or the /64 of an IPv6
// address, of which one machine may have all. Addresses that are none are one client.
func Network(address netip.Addr) netip.Prefix {
	bits := 64
	if address = address.Unmap().WithZone(""); address.Is4() {
		bits = 32
	}
	network, _ := address.Prefix(bits) // it has so many
	return network
}
