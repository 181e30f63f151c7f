package peer_test

import (
	"net/netip"
	"testing"

	"github.com/kubestate/kubestate/internal/peer"
)

func TestNetwork(t *testing.T) {
	f := func(address, want string) {
		t.Helper()
		if got := peer.Network(netip.MustParseAddr(address)).String(); got != want {
			t.Errorf("%s: network %s, want %s", address, got, want)
		}
	}
	f("192.0.2.1", "192.0.2.1/32")
	f("::ffff:192.0.2.1", "192.0.2.1/32")
	f("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64")
	f("fe80::1%eth0", "fe80::/64")
	if got := peer.Network(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("zero address: network %s", got)
	}
}
