package server

// OpenPaths are the paths of both ports that need no credentials where others
// do: probes, whose kubelet has none, and the pages that say what there is. They
// must tell nothing of single objects.
func OpenPaths() []string { return []string{"/", "/healthz", "/livez", "/readyz", "/startupz"} }
