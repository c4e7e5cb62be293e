/** Of the straight line that fits the points best (least squares). */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: 0 | 1) => points.reduce((sum, point) => sum + point[pick], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const [up, across] = points.reduce(
    ([sum, square], [x, y]) => [sum + (x - meanX) * (y - meanY), square + (x - meanX) ** 2],
    [0, 0],
  );
  return up / across;
}
