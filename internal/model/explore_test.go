package model

import "testing"

// capacities are how many frames a queue holds: none, so that every frame is handed over;
// one and two, so that sides wait for room; and enough.
var capacities = []int{0, 1, 2, MaxCapacity}

// TestExplore proves every property for the tables that drive the runtime.
//
// SPEC: M-SM-1, M-SM-2, M-SM-3, M-SM-4, M-END-1, M-ACT-1, M-COM-1
func TestExplore(t *testing.T) {
	var states, transitions, depth int
	for _, capacity := range capacities {
		result, err := Explore(Runtime(capacity))
		if err != nil {
			t.Fatal(err)
		}
		t.Log(result)
		if !result.Good() {
			t.Errorf("queues of %d: the tables are wrong", capacity)
		}
		states, transitions, depth = states+result.States, transitions+result.Transitions, max(depth, result.Depth)
		if capacity == MaxCapacity {
			t.Logf("figure: model rows fired %d/%d", result.Fired, result.Rows)
		}
	}
	t.Logf("figure: model states %d", states)
	t.Logf("figure: model transitions %d", transitions)
	t.Logf("figure: model depth %d", depth)
}

// TestBugs seeds the bugs one at a time: the model finds each.
func TestBugs(t *testing.T) {
	t.Logf("figure: model seeded bugs caught %s", seed(t, Bugs))
}

// TestSlips breaks each row in each of the simple ways.
func TestSlips(t *testing.T) {
	t.Logf("figure: model broken rows caught %s", seed(t, Slips(Runtime(0))))
}
