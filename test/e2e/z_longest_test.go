package e2e

import "testing"

// Go resumes parallel tests in the reverse order of files and functions. Those that take longest are in
// this file, the longest last, so that none of them is left over at the end, beside idle processors.

func TestClusters(t *testing.T)              { t.Parallel(); testClusters(t) }
func TestReadersByToken(t *testing.T)        { t.Parallel(); testReadersByToken(t) }
func TestValuesAreNotHeld(t *testing.T)      { t.Parallel(); testValuesAreNotHeld(t) }
func TestShards(t *testing.T)                { t.Parallel(); testShards(t) }
func TestCountersThroughFaults(t *testing.T) { t.Parallel(); testCountersThroughFaults(t) }
func TestCountersAreDivided(t *testing.T)    { t.Parallel(); testCountersAreDivided(t) }
func TestResizeWithoutEnds(t *testing.T)     { t.Parallel(); testResizeWithoutEnds(t) }
func TestCountersOfHastyShard(t *testing.T)  { t.Parallel(); testCountersOfHastyShard(t) }
func TestFaults(t *testing.T)                { t.Parallel(); testFaults(t) }
func TestStreamWithoutEnd(t *testing.T)      { t.Parallel(); testStreamWithoutEnd(t) }
func TestStandbyPairs(t *testing.T)          { t.Parallel(); testStandbyPairs(t) }
func TestStandby(t *testing.T)               { t.Parallel(); testStandby(t) }
func TestDiscovery(t *testing.T)             { t.Parallel(); testDiscovery(t) }
func TestChartModes(t *testing.T)            { t.Parallel(); testChartModes(t) }
func TestModes(t *testing.T)                 { t.Parallel(); testModes(t) }
