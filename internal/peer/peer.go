// Package peer maps the address of a connection to the network that counts as one client.
package peer

import "net/netip"

// Network returns the IPv4 address, or the /64 of the IPv6 address, since one machine may have all
// addresses of a /64. The result for an invalid address is the zero Prefix.
func Network(address netip.Addr) netip.Prefix {
	bits := 64
	if address = address.Unmap().WithZone(""); address.Is4() {
		bits = 32
	}
	network, _ := address.Prefix(bits) // an address has as many bits
	return network
}
