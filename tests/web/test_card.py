"""What the page says of its model is what the model's card says."""

from cic_jax.web.card import weaknesses


def test_weaknesses_are_those_of_the_card():
    found = dict(weaknesses("everyday"))
    assert {"People", "Bleeding", "Old photographs"} <= set(found)
    assert found["Bleeding"].startswith("Colour is predicted for every 4 x 4 pixels")
    assert "grain and orthochromatic film" in found["Old photographs"]
    assert not [text for text in found.values() if "`" in text or "\n" in text or "*" in text]


def test_a_model_without_a_card_says_nothing(tmp_path):
    assert weaknesses(tmp_path / "model.onnx") == []
