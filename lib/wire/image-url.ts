const dataImage = /^data:image\/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*(;base64)?,/i;

/**
 * Whether the URL can be one of an image: http(s), or a data:image/ URL with something in it whose
 * base64 is base64. What an http(s) URL leads to is for the upstream to find out. Linear in the length.
 */
export const isImageUrl = (url: string): boolean => {
  const data = dataImage.exec(url);
  if (data === null) return /^https?:\/\//i.test(url) && URL.canParse(url);
  const content = url.slice(data[0].length);
  return data[1] === undefined ? content !== '' : /^[A-Za-z0-9+/_-]+={0,2}$/.test(content);
};
