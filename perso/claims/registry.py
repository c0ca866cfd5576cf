"""The papers' claims and ours as data: one record each, with the tests that decide it.

The records are in `v3_claims`, `v1_claims`, `recurrent_claims`, `context_claims`,
`enrolment_claims` and `our_claims`.
To add a claim, add a record at the end of `CLAIMS`, below, and import its tests. Its fields are
explained at `claim.Claim`:

    Claim(
        number=46,
        kind="effect",
        says="More batches from D_I raise accuracy on the individual's data.",
        source="v1, Results",
        printed=".9542 against .9247",
        chapter="10-class-counts",
        tests=(Superior("SW-n-1/8", "SW-n-2", "D_I", of="counts"),),
    ),

Tests are the records of `hypotheses`; for anything else, write a function that takes the evidence
and returns a `Finding`, and put it into `Measured` (examples are in `special`). All `tests` must
support the claim. Tests within an inner tuple form a group, of which one is enough:

    tests=(a, b)           a and b
    tests=((a, b), c)      a or b, and c
"""

from perso.claims.claim import Claim
from perso.claims.context_claims import CONTEXT_CLAIMS
from perso.claims.enrolment_claims import ENROLMENT_CLAIMS
from perso.claims.our_claims import OUR_CLAIMS
from perso.claims.recurrent_claims import RECURRENT_CLAIMS
from perso.claims.v1_claims import V1_CLAIMS
from perso.claims.v3_claims import V3_CLAIMS

CLAIMS: tuple[Claim, ...] = (
    *V3_CLAIMS,  # 1 to 21
    *V1_CLAIMS,  # 22 to 34
    *RECURRENT_CLAIMS,  # 35 to 38
    *CONTEXT_CLAIMS,  # 39 to 42
    *ENROLMENT_CLAIMS,  # 43 to 45
    *OUR_CLAIMS,  # 101 to 104
)
# the claims about a table that other claims do not use, by the table
CLAIMS_OF = {
    "recurrent": RECURRENT_CLAIMS,
    "contexts": CONTEXT_CLAIMS,
    "enrolled": ENROLMENT_CLAIMS,
}
