"""Every entrance there is; a new one is fed by the tests as soon as it stands here."""

from turbomode_assets_tests.fuzzing import documents, prices

ALL = (*documents.ALL, *prices.ALL)
