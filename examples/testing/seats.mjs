// The program under test: sells each seat once.

/** Answers with whether the seat is the buyer's now. `synod` is a client, of whatever cluster. */
export async function buy(synod, seat, buyer) {
  const { result } = await synod.transaction(async (transaction) => {
    const seats = transaction.bucket("seats");
    const owner = (await seats.get(seat))?.string();
    if (owner === undefined) seats.put(seat, buyer);
    return owner === undefined || owner === buyer;
  });
  return result;
}
