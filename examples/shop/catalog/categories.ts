/** What the shop's shelves are called, and in which colours shoes come. */
export const categories: Readonly<Record<string, string>> = {
  running: "Running",
  trail: "Trail",
  walking: "Walking",
  basketball: "Basketball",
  football: "Football",
  tennis: "Tennis",
  training: "Training",
  climbing: "Climbing",
};

/** Each is a class of the style sheet. */
export const colours = ["red", "orange", "green", "teal", "blue", "violet", "pink", "grey"];

export const sizes = [37, 38, 39, 40, 41, 42, 43, 44, 45, 46];
