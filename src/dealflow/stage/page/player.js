// Everything beside the chat: the viewer count, the card of what is sold now, the list of what was
// sold, the end of the show.

const SYMBOLS = { USD: "$", GBP: "£", EUR: "€", PHP: "₱" };

export class Player {
  #header = document.getElementById("viewers");
  #card = document.getElementById("card");
  #shop = document.getElementById("shop-list");
  #count = document.getElementById("product-count");
  #product = null;
  #leader = null;
  #parents = new Set();
  #sold = 0;

  constructor(product, sales) {
    this.#show(product);
    sales.forEach((sale) => this.#list(sale));
    setInterval(() => this.#tick(), 250);
  }

  viewers(count) {
    if (typeof count !== "number" || count < 0) return;
    this.#header.hidden = false;
    this.#header.textContent = count.toLocaleString("en-US");
  }

  // Take a commerce event; products that are not on screen change nothing here.
  commerce(event, payload) {
    const product = payload?.product;
    if (typeof product !== "object" || product === null) return;
    if (event === "user_joined") return;
    if (event === "auction_started" || event === "product_pinned") return this.#show(product);
    if (product.transactionType === "GIVEAWAY") return;
    if (event === "product_sold") this.#list(product);
    if (product.id !== this.#product?.id) return;
    if (event === "product_unpinned") return this.#show(null);
    this.#product = { ...this.#product, ...product };
    if (event === "new_bid") this.#leader = payload.highestBidder?.username ?? null;
    this.#render(event === "product_sold" && product.transactionType === "AUCTION");
  }

  giveaway(event, payload) {
    if (event === "giveaway_started") this.#renderGiveaway(payload?.product?.name, 0, "");
    if (event === "giveaway_won") {
      const { product, winner, entries } = payload ?? {};
      this.#renderGiveaway(product?.name, entries?.length ?? 0, `${winner?.username} won!`);
      setTimeout(() => this.#render(false), 3000);
    }
  }

  ended(panel, seller) {
    if (panel.querySelector('[data-testid="show-has-ended-banner"]')) return;
    const banner = element("div", { "data-testid": "show-has-ended-banner", class: "banner" });
    banner.append(
      element("strong", {}, "Show Has Ended"),
      element("span", {}, "Today"),
      element("a", { href: `/user/${encodeURIComponent(seller)}` }, "View Upcoming Shows"),
    );
    panel.prepend(banner);
  }

  resumed(panel) {
    panel.querySelector('[data-testid="show-has-ended-banner"]')?.remove();
  }

  #show(product) {
    this.#product = product;
    this.#leader = null;
    this.#render(false);
  }

  #render() {
    const product = this.#product;
    if (product === null || product === undefined) {
      const idle = element("button", { "data-testid": "show-bid-button", disabled: "" });
      idle.append(element("strong", {}, "Awaiting next item"));
      this.#card.replaceChildren(idle);
      return;
    }
    this.#card.replaceChildren(...(product.transactionType === "AUCTION"
      ? this.#auction(product) : this.#fixed(product)));
  }

  #auction(product) {
    const sold = product.status === "SOLD";
    const winner = product.purchaserUser?.username ?? this.#leader;
    const price = product.highestBid?.price ?? product.price;
    const parts = [];
    if (winner) {
      const words = sold ? `${winner} won!` : `${winner} is Winning!`;
      parts.push(element("strong", { "data-testid": "show-winning-status" }, words));
    }
    parts.push(title(product));
    const line = element("div", { class: "line" });
    if (sold) line.append(element("strong", {}, "Sold"));
    else line.append(element("strong", {}, `${product.bidCount} ${product.bidCount === 1 ? "Bid" : "Bids"}`));
    line.append(element("strong", { class: "tabular-nums" }, shown(price)));
    if (!sold) line.append(element("strong", { "data-testid": "show-timer" }, this.#left()));
    parts.push(line, shipping());
    if (!sold) {
      const bid = element("button", { "data-testid": "show-bid-button" });
      bid.append(element("strong", {}, `Bid: ${shown(product.nextBidPrice)}`));
      parts.push(element("button", { "data-testid": "show-custom-bid-button" }, "Custom"), bid);
    }
    return parts;
  }

  #fixed(product) {
    const line = element("div", { class: "line" });
    const remaining = product.quantity?.remaining;
    if (product.status === "SOLD") line.append(element("strong", {}, "Sold"));
    else if (remaining > 1) line.append(element("strong", {}, `Qty. ${remaining}`));
    line.append(element("strong", { class: "tabular-nums" }, shown(product.price)));
    const buy = element("button", { "data-testid": "show-buy-now-button" });
    buy.append(element("strong", {}, product.status === "SOLD" ? "Sold" : "Buy Now"));
    return [title(product), line, shipping(), buy];
  }

  #renderGiveaway(item, entries, status) {
    const line = element("div", { class: "line" });
    for (const words of ["Giveaway", String(entries), "Entries"]) {
      line.append(element("strong", {}, words));
    }
    const name = element("div", { "data-testid": "show-product-title", title: item ?? "" });
    name.append(element("strong", {}, item ?? ""));
    const timer = element("strong", { "data-testid": "show-timer" }, "00:13");
    const parts = [name, line, timer];
    if (status) parts.unshift(element("strong", { "data-testid": "show-winning-status" }, status));
    this.#card.replaceChildren(...parts);
  }

  #list(product) {
    const card = element("section", { class: "@container/card" });
    const price = product.soldPrice ?? product.price;
    card.append(
      element("strong", { title: product.name }, product.name),
      element("strong", { class: "tabular-nums" }, shown(price)),
      element("span", {}, `Sold to ${product.purchaserUser?.username ?? ""}`),
    );
    const row = element("div", { "data-index": String(this.#sold++) });
    row.append(card);
    this.#shop.prepend(row);
    while (this.#shop.children.length > 8) this.#shop.lastElementChild.remove();
    this.#count.textContent = String(this.#sold);
  }

  #left() {
    const seconds = Math.max(0, Math.ceil(((this.#product?.auctionEndTime ?? 0) - Date.now()) / 1000));
    return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  }

  #tick() {
    const timer = this.#card.querySelector('[data-testid="show-timer"]');
    if (timer && this.#product?.isAuctionActive) timer.textContent = this.#left();
  }
}

function title(product) {
  const name = element("div", { "data-testid": "show-product-title", title: product.name });
  name.append(element("strong", {}, product.name));
  return name;
}

function shipping() {
  const info = element("div", { "data-testid": "show-shipping-info" });
  info.append(element("strong", {}, "Shipping + Taxes are extra"));
  return info;
}

function shown(money) {
  const amount = (money?.amount ?? 0) / 100;
  const symbol = SYMBOLS[money?.currency] ?? "";
  return symbol + (Number.isInteger(amount) ? String(amount) : amount.toFixed(2));
}

function element(name, attributes, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
