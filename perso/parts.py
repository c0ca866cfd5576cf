"""D_I and D_G, once: columns, labels, margins."""

TESTED = {
    "acc_I": ("n_I", "hits_I"),
    "acc_G": ("n_G", "hits_G"),
}  # number of test images, hits on them
MARGINS = {
    "D_I": 0.005,
    "D_G": 0.002,
}  # accuracies closer than this are equivalent; shares, fixed beforehand

PARTS = {"acc_I": "D_I", "acc_G": "D_G"}

WHOSE = {"D_I": "the individual's own data", "D_G": "everybody else's"}

PART = {"D_I": "I", "D_G": "G"}
LABELS = {"acc_I": "own data, $D_I$", "acc_G": "everybody else's, $D_G$"}

MEASURES = ("acc_I", "acc_G")  # accuracy on the person's own test images; on D_G's
