// Package standby elects one of several equal replicas by a Lease: versions of the Lease, and the
// completeness and scrapes of the own replica go in; whether to serve, and writes of the Lease come
// out. A Machine decides without I/O or clock, and a Replica carries its decisions out.
//
// The record is that of client-go's leader election, and so is the rule of expiry: a replica takes the
// Lease if it names no holder, or if its record has not changed for its duration, as measured by the
// clock of the replica that takes it. A write names the version that it replaces, so that of several
// replicas that write one wins.
//
// A replica serves without holding the Lease in two cases. A holder that cannot reach the API server
// continues to serve after the Lease has expired, until it sees another holder. A leaving replica
// releases the Lease first, and serves until the next holder has been scraped.
package standby
