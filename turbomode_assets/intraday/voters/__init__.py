"""The voters of the intraday desk, one file each, found by `ballot.discover`.

A voter is a module with one public function ``vote(seen, rules)``, pure and fast: it
reads a `snapshot.Snapshot` and a `voter_policy.VoterPolicy` and returns a
`votes.Vote`. It sees nothing else, so what it says of a past moment is what it would
have said then. Adding one takes one file here; the contract suite finds it.
"""
